/* hook_plan.c - see hook_plan.h. */
#include "elf/hook_plan.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "elf/code_ranges.h"
#include "elf/fde_ranges.h"
#include "elf/relocate_x86_64.h"
#include "util/mem.h"
#include "wire/plan_x86_64.h"

enum {
	FUNCTION_MAX_BYTES = 1 << 20,
	BEHIND_BYTES = 16, /* read behind a function: it may be shorter than a jump */
	SEGMENTS_MAX = 16, /* with code */
	SCAN_BYTES = 1 << 18,
	SCAN_OVERLAP = 8, /* a distance and its opcode */
	TARGETS_MAX = 1 << 30,
	TABLE_ENTRIES_MAX = 1024,
	CALLEES_MAX = 64,
	/* More than that is a file made to take time: the plan is refused. */
	SUSPECTS_MAX = 256, /* bytes that look like jumps into the first bytes */
	NEIGHBOURS_MAX = 64,
	PADS_TRIED_MAX = 64,
	SHORT_REACH = 130, /* of a short jump, at most */
};

struct code_segment {
	uint64_t address, bytes, offset;
	uint8_t protection;
};

/* Padding serves one function: the one before it, that is too short for a jump, or one near to it
 * with a short jump. Known by where it begins. */
struct used_pad {
	uint64_t pad, function;
};

struct hook_planner {
	const struct elf_file *file;
	bool supported; /* the architecture */
	bool sealed;
	struct code_ranges ranges;
	struct code_segment segments[SEGMENTS_MAX];
	size_t segment_count;
	struct used_pad *pads;
	size_t pad_count, pad_cap;
	/* A bit for each address from targets_low on to which something like a long jump in the file
	 * leads; NULL: not made yet, or too many. */
	uint8_t *targets;
	uint64_t targets_low, targets_count;
	bool targets_tried;
};

/* One plan while it is made. */
struct making {
	struct hook_planner *planner;
	struct hook_plan *plan;
	const struct code_segment *segment;
	uint8_t *bytes;		     /* of the function and behind it */
	size_t byte_count;	     /* that there are */
	struct x86_64_code function; /* the first of them */
	struct x86_64_sweep sweep;
};

/* ---- the file ---- */

static bool is_supported(Elf *elf)
{
	GElf_Ehdr ehdr;
	return gelf_getehdr(elf, &ehdr) && ehdr.e_machine == EM_X86_64 &&
	       ehdr.e_ident[EI_CLASS] == ELFCLASS64 && ehdr.e_ident[EI_DATA] == ELFDATA2LSB &&
	       (ehdr.e_type == ET_EXEC || ehdr.e_type == ET_DYN);
}

static void find_segments(struct hook_planner *planner)
{
	size_t count;
	GElf_Phdr phdr;
	if (elf_getphdrnum(planner->file->elf, &count) != 0)
		return;
	for (size_t i = 0; i < count && planner->segment_count < SEGMENTS_MAX; i++) {
		if (!gelf_getphdr(planner->file->elf, (int)i, &phdr))
			return;
		if (phdr.p_type != PT_LOAD || !(phdr.p_flags & PF_X) ||
		    phdr.p_vaddr + phdr.p_filesz < phdr.p_vaddr)
			continue;
		planner->segments[planner->segment_count++] = (struct code_segment){
			.address = phdr.p_vaddr,
			.bytes = phdr.p_filesz,
			.offset = phdr.p_offset,
			.protection = (uint8_t)(PROT_EXEC | (phdr.p_flags & PF_R ? PROT_READ : 0) |
						(phdr.p_flags & PF_W ? PROT_WRITE : 0)),
		};
	}
}

struct hook_planner *hook_planner_new(const struct elf_file *file)
{
	struct hook_planner *planner = mem_zalloc(1, sizeof(*planner));
	planner->file = file;
	planner->supported = is_supported(file->elf);
	if (planner->supported) {
		find_segments(planner);
		code_ranges_add_symbols(&planner->ranges, file->elf);
		fde_ranges_add(&planner->ranges, file);
	}
	return planner;
}

void hook_planner_add_symbols(struct hook_planner *planner, const struct elf_file *symbols)
{
	if (planner->supported && is_supported(symbols->elf))
		code_ranges_add_symbols(&planner->ranges, symbols->elf);
}

void hook_planner_free(struct hook_planner *planner)
{
	if (!planner)
		return;
	code_ranges_release(&planner->ranges);
	free(planner->pads);
	free(planner->targets);
	free(planner);
}

static const struct code_ranges *sealed(struct hook_planner *planner)
{
	if (!planner->sealed)
		code_ranges_seal(&planner->ranges);
	planner->sealed = true;
	return &planner->ranges;
}

bool hook_planner_next(struct hook_planner *planner, uint64_t address, uint64_t *function)
{
	const struct code_ranges *ranges = sealed(planner);
	for (size_t i = code_ranges_from(ranges, address); i < ranges->count; i++) {
		if (ranges->items[i].kind == CODE_LABEL)
			continue;
		*function = ranges->items[i].start;
		return true;
	}
	return false;
}

static const struct code_segment *segment_of(const struct hook_planner *planner, uint64_t address)
{
	for (size_t i = 0; i < planner->segment_count; i++)
		if (address - planner->segments[i].address < planner->segments[i].bytes)
			return &planner->segments[i];
	return NULL;
}

static size_t read_code(const struct hook_planner *planner, const struct code_segment *segment,
			uint64_t address, void *out, size_t bytes)
{
	uint64_t in = address - segment->address;
	bytes = bytes < segment->bytes - in ? bytes : segment->bytes - in;
	return elf_file_read(planner->file, segment->offset + in, out, bytes);
}

static bool is_in_plt(Elf *elf, uint64_t address)
{
	size_t names;
	Elf_Scn *section = NULL;
	if (elf_getshdrstrndx(elf, &names) != 0)
		return false;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		if (!gelf_getshdr(section, &shdr) || address - shdr.sh_addr >= shdr.sh_size ||
		    !(shdr.sh_flags & SHF_EXECINSTR))
			continue;
		const char *name = elf_strptr(elf, names, shdr.sh_name);
		if (name && (strncmp(name, ".plt", 4) == 0 || strcmp(name, ".iplt") == 0))
			return true;
	}
	return false;
}

/* ---- where the function is ---- */

static enum plan_reason check_address(const struct making *m, uint64_t address)
{
	struct hook_planner *planner = m->planner;
	const struct code_ranges *ranges = &planner->ranges;
	if (!planner->supported)
		return PLAN_ARCH;
	if (!m->segment)
		return PLAN_NOT_CODE;
	if (is_in_plt(planner->file->elf, address))
		return PLAN_PLT_STUB;
	if (code_ranges_has(ranges, address, CODE_IFUNC))
		return PLAN_IFUNC;
	uint64_t end = code_ranges_end(ranges, address);
	if (end == 0)
		return PLAN_NO_BOUNDS;
	if (code_ranges_inside(ranges, address))
		return PLAN_NOT_ENTRY;
	return end - address > FUNCTION_MAX_BYTES ? PLAN_TOO_LONG : PLAN_NONE;
}

static enum plan_reason read_function(struct making *m, uint64_t address)
{
	uint64_t end = code_ranges_end(&m->planner->ranges, address);
	if (end <= address || end - address > FUNCTION_MAX_BYTES)
		return PLAN_TOO_LONG;
	size_t length = end - address;
	m->bytes = mem_alloc(length + BEHIND_BYTES);
	m->byte_count = read_code(m->planner, m->segment, address, m->bytes, length + BEHIND_BYTES);
	if (m->byte_count < length)
		return PLAN_NOT_CODE;
	m->function = (struct x86_64_code){ m->bytes, length, address };
	return PLAN_NONE;
}

/* ---- what jumps into its first bytes ---- */

static void note_entries(struct making *m, const struct x86_64_table *table, const uint8_t *bytes,
			 size_t count)
{
	size_t entry_bytes = table->absolute ? 8 : 4;
	for (size_t at = 0; at + entry_bytes <= count; at += entry_bytes) {
		uint64_t target = 0;
		int32_t distance;
		memcpy(&distance, bytes + at, sizeof(distance));
		if (table->absolute)
			memcpy(&target, bytes + at, sizeof(target));
		else
			target = table->address + (uint64_t)(int64_t)distance;
		uint64_t offset = target - m->function.address;
		/* A table ends where something else begins. */
		if (offset >= m->function.count)
			return;
		if (offset < X86_64_HEAD_BYTES)
			m->sweep.jumped_from[offset] = UINT32_MAX;
	}
}

static void sweep_function(struct making *m)
{
	uint8_t entries[TABLE_ENTRIES_MAX * 8];
	x86_64_sweep(&m->function, &m->sweep);
	for (size_t i = 0; m->sweep.computed_jump && i < m->sweep.table_count; i++) {
		const struct x86_64_table *table = &m->sweep.tables[i];
		size_t got = elf_file_read_mapped(m->planner->file, table->address, entries,
						  sizeof(entries));
		note_entries(m, table, entries, got);
	}
}

/* Whether what looks like a jump, with its distance at the address, is one; where it is not known
 * of which function it is a part, it is taken for one. */
static bool is_jump(const struct making *m, uint64_t distance_address)
{
	const struct code_ranges *ranges = &m->planner->ranges;
	size_t next = code_ranges_from(ranges, distance_address);
	while (next > 0 && ranges->items[next - 1].end <= distance_address)
		if (ranges->items[--next].reach <= distance_address)
			return true;
	if (next == 0 || distance_address - ranges->items[next - 1].start > FUNCTION_MAX_BYTES)
		return true;
	uint64_t start = ranges->items[next - 1].start;
	struct making in = { .planner = m->planner, .segment = segment_of(m->planner, start) };
	bool found = !in.segment || read_function(&in, start) != PLAN_NONE ||
		     x86_64_has_jump(&in.function, distance_address);
	free(in.bytes);
	return found;
}

static bool make_room_for_targets(struct hook_planner *planner)
{
	uint64_t low = UINT64_MAX, high = 0;
	for (size_t i = 0; i < planner->segment_count; i++) {
		const struct code_segment *s = &planner->segments[i];
		low = s->address < low ? s->address : low;
		high = s->address + s->bytes > high ? s->address + s->bytes : high;
	}
	if (low >= high || high - low > TARGETS_MAX)
		return false;
	planner->targets_low = low;
	planner->targets_count = high - low;
	planner->targets = mem_zalloc(planner->targets_count / 8 + 1, 1);
	return true;
}

/* Once for a file; looking through it for each function would take ten times as long for a libc. */
static void find_targets(struct hook_planner *planner)
{
	planner->targets_tried = true;
	if (!make_room_for_targets(planner))
		return;
	uint8_t *bytes = mem_alloc(SCAN_BYTES);
	for (size_t i = 0; i < planner->segment_count; i++) {
		const struct code_segment *s = &planner->segments[i];
		for (uint64_t at = 0; at < s->bytes; at += SCAN_BYTES - SCAN_OVERLAP) {
			struct x86_64_code part = { .bytes = bytes, .address = s->address + at };
			part.count = read_code(planner, s, part.address, bytes, SCAN_BYTES);
			if (part.count == 0)
				break;
			x86_64_mark_targets(&part, planner->targets, planner->targets_low,
					    planner->targets_count);
		}
	}
	free(bytes);
}

/* No is certain. */
static bool may_be_jumped_into(struct hook_planner *planner, uint64_t from, uint64_t to)
{
	if (!planner->targets_tried)
		find_targets(planner);
	for (uint64_t address = from; planner->targets && address < to; address++) {
		uint64_t bit = address - planner->targets_low;
		if (bit >= planner->targets_count || planner->targets[bit / 8] >> bit % 8 & 1)
			return true;
	}
	return !planner->targets;
}

/* Whether code outside of the function jumps into [from, to): a part of it that the compiler has
 * put elsewhere (.cold). */
static bool is_jumped_into(const struct making *m, uint64_t from, uint64_t to)
{
	const struct hook_planner *planner = m->planner;
	bool found = false;
	unsigned suspects = 0;
	if (!may_be_jumped_into(m->planner, from, to))
		return false;
	uint8_t *bytes = mem_alloc(SCAN_BYTES);
	for (size_t i = 0; i < planner->segment_count; i++) {
		const struct code_segment *s = &planner->segments[i];
		for (uint64_t at = 0; !found && at < s->bytes; at += SCAN_BYTES - SCAN_OVERLAP) {
			struct x86_64_code part = { .bytes = bytes, .address = s->address + at };
			part.count = read_code(planner, s, part.address, bytes, SCAN_BYTES);
			if (part.count == 0)
				break;
			for (size_t k = 0; !found && x86_64_find_jump(&part, &k, from, to); k++) {
				uint64_t address = part.address + k;
				if (address - m->function.address >= m->function.count)
					found = ++suspects > SUSPECTS_MAX || is_jump(m, address);
			}
		}
	}
	free(bytes);
	return found;
}

/* The same for functions so near that their jumps may be short ones; only assembly has that. */
static bool is_jumped_into_nearby(const struct making *m, uint64_t from, uint64_t to)
{
	const struct code_ranges *ranges = &m->planner->ranges;
	uint64_t low = from > SHORT_REACH ? from - SHORT_REACH : 0, last = m->function.address;
	bool found = false;
	unsigned neighbours = 0;
	for (size_t i = code_ranges_from(ranges, to + SHORT_REACH); !found && i-- > 0;) {
		const struct code_range *r = &ranges->items[i];
		if (r->reach < low)
			break;
		if (r->end < low || r->end == r->start || r->start == last ||
		    r->start == m->function.address)
			continue;
		if (++neighbours > NEIGHBOURS_MAX)
			return true;
		last = r->start;
		struct making near = { .planner = m->planner,
				       .segment = segment_of(m->planner, r->start) };
		if (near.segment && read_function(&near, r->start) == PLAN_NONE)
			found = x86_64_jumps_into(&near.function, from, to);
		free(near.bytes);
	}
	return found;
}

static enum plan_reason check_entries(const struct making *m, size_t skip)
{
	size_t end = skip + m->plan->expected_bytes;
	for (size_t at = 0; at < end && at < X86_64_HEAD_BYTES; at++)
		if (m->sweep.jumped_from[at] > end)
			return at <= skip ? PLAN_LOOP_TO_ENTRY : PLAN_BRANCH_INTO;
	uint64_t patch = m->function.address + skip, moved = m->function.address + end;
	if (code_ranges_starts_in(&m->planner->ranges, m->function.address + 1, moved))
		return PLAN_OTHER_ENTRY;
	if (moved - patch > 1 &&
	    (is_jumped_into_nearby(m, patch + 1, moved) || is_jumped_into(m, patch + 1, moved)))
		return PLAN_BRANCH_INTO;
	return PLAN_NONE;
}

/* ---- padding ---- */

/* Whether there are `need` bytes of padding that belong to no function. */
static bool is_gap(const struct making *m, uint64_t from, size_t need)
{
	uint8_t bytes[2 * BEHIND_BYTES]; /* the last nop may be longer than what is needed */
	const struct code_ranges *ranges = &m->planner->ranges;
	if (need > BEHIND_BYTES || code_ranges_inside(ranges, from) ||
	    code_ranges_starts_in(ranges, from, from + need))
		return false;
	size_t got = read_code(m->planner, m->segment, from, bytes, need + BEHIND_BYTES);
	return x86_64_is_padding(bytes, got, need);
}

/* Whether the function that ends there, if one does, can be left only by a jump. */
static bool is_left_by_jump(const struct making *m, uint64_t end)
{
	const struct code_ranges *ranges = &m->planner->ranges;
	size_t next = code_ranges_from(ranges, end);
	while (next > 0 && ranges->items[next - 1].end != end) {
		if (end - ranges->items[next - 1].start > FUNCTION_MAX_BYTES)
			return false;
		next--;
	}
	if (next == 0 || end - ranges->items[next - 1].start > FUNCTION_MAX_BYTES ||
	    segment_of(m->planner, ranges->items[next - 1].start) != m->segment)
		return false;
	struct making before = { .planner = m->planner, .segment = m->segment };
	bool good = read_function(&before, ranges->items[next - 1].start) == PLAN_NONE;
	if (good) {
		x86_64_sweep(&before.function, &before.sweep);
		good = !before.sweep.undecodable && !before.sweep.runs_on;
	}
	free(before.bytes);
	return good;
}

/* Takes the padding that begins there for the function; false when another one has it. */
static bool own_pad(struct making *m, uint64_t pad)
{
	struct hook_planner *planner = m->planner;
	for (size_t i = 0; i < planner->pad_count; i++)
		if (planner->pads[i].pad == pad)
			return planner->pads[i].function == m->function.address;
	planner->pads = mem_grow(planner->pads, &planner->pad_cap, planner->pad_count + 1,
				 sizeof(*planner->pads));
	planner->pads[planner->pad_count++] = (struct used_pad){ pad, m->function.address };
	return true;
}

static bool take_pad(struct making *m, uint64_t from)
{
	enum { NEED = PLAN_X86_64_JUMP_BYTES };
	struct hook_plan *plan = m->plan;
	uint8_t jump[PLAN_X86_64_SHORT_JUMP_BYTES];
	uint64_t in = from - m->segment->address;
	if (!plan_x86_64_short_jump(jump, plan->patch, from) || in >= m->segment->bytes ||
	    !is_gap(m, from, NEED) || !is_left_by_jump(m, from) ||
	    is_jumped_into(m, from, from + NEED) ||
	    read_code(m->planner, m->segment, from, plan->pad_expected, NEED) != NEED ||
	    !own_pad(m, from))
		return false;
	plan->pad = from;
	plan->flags |= PLAN_HAS_PAD;
	return true;
}

/* Padding begins where a function ends. */
static bool find_pad(struct making *m)
{
	const struct code_ranges *ranges = &m->planner->ranges;
	uint64_t patch = m->plan->patch;
	uint64_t low = patch > SHORT_REACH ? patch - SHORT_REACH : 0;
	unsigned tried = 0;
	if (take_pad(m, m->function.address + m->function.count))
		return true;
	for (size_t i = code_ranges_from(ranges, patch + SHORT_REACH); i-- > 0;) {
		const struct code_range *r = &ranges->items[i];
		if (r->reach < low || patch + SHORT_REACH - r->start > FUNCTION_MAX_BYTES ||
		    ++tried > PADS_TRIED_MAX)
			break;
		if (r->kind != CODE_LABEL && r->end >= low && take_pad(m, r->end))
			return true;
	}
	return false;
}

/* ---- plans ---- */

/* What is behind a function that ends within the jump. */
static enum plan_reason check_rest(const struct making *m, size_t skip, size_t need)
{
	uint64_t end = m->function.address + m->function.count;
	if (skip + need <= m->function.count)
		return PLAN_NONE;
	if (m->sweep.runs_on)
		return PLAN_RUNS_ON;
	return is_gap(m, end, skip + need - m->function.count) ? PLAN_NONE : PLAN_TOO_SHORT;
}

static enum plan_reason try_jump(struct making *m, size_t skip, size_t need)
{
	struct hook_plan *plan = m->plan;
	enum plan_reason reason = x86_64_displace(&m->function, skip, need, plan);
	if (reason == PLAN_NONE)
		reason = check_rest(m, skip, need);
	if (reason != PLAN_NONE)
		return reason;
	plan->patch = m->function.address + skip;
	plan->patch_bytes = (uint8_t)need;
	plan->expected_bytes = plan->displaced_bytes > need ? plan->displaced_bytes : (uint8_t)need;
	memcpy(plan->expected, m->bytes + skip, plan->expected_bytes);
	return check_entries(m, skip);
}

/* Functions that can be reached by direct calls. */
struct callees {
	uint64_t addresses[CALLEES_MAX];
	size_t count;
};

static void add_callee(struct callees *c, uint64_t address)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->addresses[i] == address)
			return;
	if (c->count < CALLEES_MAX)
		c->addresses[c->count++] = address;
}

/* Whether the function calls another module's; adds those of this module to the list. */
static bool calls_out(const struct making *m, struct callees *c)
{
	size_t at = 0;
	uint64_t target;
	if (m->sweep.calls_out)
		return true;
	while (x86_64_next_call(&m->function, &at, &target)) {
		if (is_in_plt(m->planner->file->elf, target))
			return true;
		add_callee(c, target);
	}
	return false;
}

/* Whether the function, or one that it leads to, calls a function that no compiler can have seen
 * together with it. Direct calls prove nothing of that kind. */
static bool calls_unknown(const struct making *m)
{
	struct callees c = { .count = 0 };
	bool found = calls_out(m, &c);
	for (size_t i = 0; !found && i < c.count; i++) {
		uint64_t address = c.addresses[i];
		struct making callee = { .planner = m->planner,
					 .segment = segment_of(m->planner, address) };
		if (callee.segment && read_function(&callee, address) == PLAN_NONE) {
			x86_64_sweep(&callee.function, &callee.sweep);
			found = calls_out(&callee, &c);
		}
		free(callee.bytes);
	}
	return found;
}

static enum plan_reason find_place(struct making *m)
{
	sweep_function(m);
	if (m->sweep.undecodable)
		return PLAN_UNDECODABLE;
	size_t skip = x86_64_entry_mark(&m->function);
	enum plan_reason reason = try_jump(m, skip, PLAN_X86_64_JUMP_BYTES);
	if (reason == PLAN_NONE && skip + PLAN_X86_64_JUMP_BYTES > m->function.count &&
	    !own_pad(m, m->function.address + m->function.count))
		reason = PLAN_TOO_SHORT;
	if (reason == PLAN_NONE)
		return reason;
	/* The reason that is told is the one against the plain jump. */
	if (try_jump(m, skip, PLAN_X86_64_SHORT_JUMP_BYTES) == PLAN_NONE && find_pad(m))
		return PLAN_NONE;
	return reason;
}

enum plan_reason hook_plan_make(struct hook_planner *planner, uint64_t address,
				struct hook_plan *plan)
{
	sealed(planner);
	memset(plan, 0, sizeof(*plan));
	struct making m = { .planner = planner,
			    .plan = plan,
			    .segment = segment_of(planner, address) };
	enum plan_reason reason = check_address(&m, address);
	if (reason == PLAN_NONE)
		reason = read_function(&m, address);
	if (reason == PLAN_NONE)
		reason = find_place(&m);
	if (reason == PLAN_NONE && !calls_unknown(&m))
		plan->flags |= PLAN_KEEPS_REGISTERS;
	if (reason != PLAN_NONE)
		memset(plan, 0, sizeof(*plan));
	plan->version = PLAN_VERSION;
	plan->arch = PLAN_ARCH_X86_64;
	plan->reason = (uint8_t)reason;
	plan->function = address;
	if (m.segment) {
		plan->file_offset = m.segment->offset + (address - m.segment->address);
		plan->protection = m.segment->protection;
	}
	free(m.bytes);
	return reason;
}
