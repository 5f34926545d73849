/* output.c - colour, width and progress; see output.h. The pager is in pager.c. */
#include "cli/output.h"

#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

const char *const color_choices[] = { "auto", "always", "never", NULL };

enum { DEFAULT_WIDTH = 100, LEAST_WIDTH = 60, MOST_WIDTH = 200, BAR_CELLS = 30 };
static const uint64_t patience_ns = 500000000, refresh_ns = 100000000;

bool output_color(FILE *to, enum color_when when)
{
	if (when != COLOR_AUTO)
		return when == COLOR_ALWAYS;
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	return isatty(fileno(to)) && !(no_color && *no_color) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

/* What the user says counts more than what the terminal does. */
static unsigned terminal_width(FILE *to)
{
	struct winsize size;
	const char *said = getenv("COLUMNS");
	long columns = said ? strtol(said, NULL, 10) : 0;
	if (!isatty(fileno(to)))
		return 0;
	if (columns > 0 && columns < USHRT_MAX)
		return (unsigned)columns;
	return ioctl(fileno(to), TIOCGWINSZ, &size) < 0 ? 0 : size.ws_col;
}

unsigned output_width(FILE *to)
{
	unsigned width = terminal_width(to);
	if (!width)
		return DEFAULT_WIDTH;
	if (width < LEAST_WIDTH)
		return LEAST_WIDTH;
	return width > MOST_WIDTH ? MOST_WIDTH : width;
}

unsigned output_limit(FILE *to)
{
	unsigned width = terminal_width(to);
	return width && width < LEAST_WIDTH ? LEAST_WIDTH : width;
}

bool output_is_utf8(void)
{
	setlocale(LC_CTYPE, "");
	bool is = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	setlocale(LC_CTYPE, "C");
	return is;
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void progress_begin(struct progress *p, const char *label)
{
	*p = (struct progress){ .label = label, .start_ns = now_ns() };
}

void progress_step(void *ctx, uint64_t done, uint64_t all)
{
	struct progress *p = ctx;
	uint64_t now = now_ns();
	if (now - p->start_ns < patience_ns || now - p->shown_ns < refresh_ns || !all ||
	    !isatty(STDERR_FILENO))
		return;
	double share = done < all ? (double)done / (double)all : 1;
	char bar[BAR_CELLS + 1];
	for (int i = 0; i < BAR_CELLS; i++)
		bar[i] = i < (int)(share * BAR_CELLS) ? '#' : '.';
	bar[BAR_CELLS] = '\0';
	fprintf(stderr, "\r%s [%s] %3.0f%%", p->label, bar, share * 100);
	fflush(stderr);
	p->shown_ns = now;
	p->shown = true;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
}
