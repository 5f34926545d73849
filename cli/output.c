/* output.c - colour, width and progress; see output.h. The pager is in pager.c. */
#include "cli/output.h"

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

unsigned output_width(FILE *to)
{
	struct winsize size;
	if (ioctl(fileno(to), TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return DEFAULT_WIDTH;
	if (size.ws_col < LEAST_WIDTH)
		return LEAST_WIDTH;
	return size.ws_col > MOST_WIDTH ? MOST_WIDTH : size.ws_col;
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
