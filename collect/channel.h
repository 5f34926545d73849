/* channel.h - the socket where traced processes fetch the session memory.
 *
 * It lies in a private directory (mode 0700) of its own, locked while the tool lives, so that a
 * directory left behind by a killed tool can be told from one in use, also from another
 * container. */
#ifndef ALLOCTRACE_COLLECT_CHANNEL_H
#define ALLOCTRACE_COLLECT_CHANNEL_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "util/err.h"
#include "wire/session.h"

#define CHANNEL_DIR_PREFIX  "alloctrace-session-"
#define CHANNEL_SOCKET_NAME "socket"
#define CHANNEL_ASK_NAME    "ask" /* not longer than the other */

struct channel {
	int dir_fd;
	int listen_fd;
	int ask_fd; /* where another tool asks for something (ask_scan.h) */
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* Makes directory and socket in $XDG_RUNTIME_DIR, $TMPDIR or /tmp, and removes what killed tools
 * of this user have left there. Returns 0, or -1 with the error and nothing to close. */
int channel_open(struct channel *c, struct err *err);
/* Removes both, and the link that channel_link() made. */
void channel_close(struct channel *c);

/* Makes a link to `target` in the directory and puts its path at `path` (PATH_MAX bytes). */
int channel_link(struct channel *c, const char *target, char *path, struct err *err);

/* Accepts a connection; *pid is the peer's, as this process sees it (0 if it does not). Returns
 * the connection or -1. Peers of other users are turned away. */
int channel_accept(struct channel *c, pid_t *pid);
/* The same of the other socket. */
int channel_accept_asking(struct channel *c);
/* Sends the welcome and the session's memory, and closes the connection. */
void channel_answer(int connection, const struct session_welcome *welcome, int memory_fd);

#endif
