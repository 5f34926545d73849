/* humane.c - see humane.h. */
#include "report/humane.h"

#include <inttypes.h>
#include <stdio.h>

/* Three digits: 1.23, 12.3, 123. */
static const char *three_digits(char *buf, double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	snprintf(buf, HUMANE_BYTES, "%.*f %s", decimals, value, unit);
	return buf;
}

const char *humane_bytes(char *buf, uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	if (bytes < 1024) {
		snprintf(buf, HUMANE_BYTES, "%" PRIu64 " B", bytes);
		return buf;
	}
	double value = (double)bytes / 1024;
	size_t unit = 0;
	for (; value >= 1023.5 && unit < 5; unit++)
		value /= 1024;
	return three_digits(buf, value, units[unit]);
}

const char *humane_count(char *buf, uint64_t count)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *out = buf;
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buf;
}

const char *humane_time(char *buf, uint64_t ns)
{
	uint64_t minutes = ns / 60000000000;
	if (minutes >= 100)
		snprintf(buf, HUMANE_BYTES, "%" PRIu64 " h %02" PRIu64 " min", minutes / 60,
			 minutes % 60);
	else if (ns >= UINT64_C(100000000000))
		snprintf(buf, HUMANE_BYTES, "%" PRIu64 " min %02" PRIu64 " s", minutes,
			 ns / 1000000000 % 60);
	else if (ns >= 999500000)
		three_digits(buf, (double)ns / 1e9, "s");
	else if (ns >= 999500)
		three_digits(buf, (double)ns / 1e6, "ms");
	else if (ns >= 1000)
		three_digits(buf, (double)ns / 1e3, "us");
	else
		snprintf(buf, HUMANE_BYTES, "%" PRIu64 " ns", ns);
	return buf;
}

const char *humane_percent(char *buf, uint64_t part, uint64_t whole)
{
	buf[0] = '\0';
	if (whole)
		snprintf(buf, HUMANE_BYTES, "%.1f%%", 100 * ((double)part / (double)whole));
	return buf;
}
