/* test_words.c - names that are shortened, numbers for people, what counts as plumbing. */
#include <stdio.h>
#include <string.h>

#include "analysis/plumbing.h"
#include "report/finding_words.h"
#include "report/humane.h"
#include "report/shorten.h"
#include "wire/findings.h"
#include "wire/roles.h"

static unsigned failures;

static void check(const char *what, const char *got, const char *want)
{
	if (strcmp(got, want) == 0)
		return;
	failures++;
	fprintf(stderr, "%s: '%s', should be '%s'\n", what, got, want);
}

static void shortened(const char *name, size_t room, const char *want)
{
	struct strbuf s = STRBUF_INIT;
	shorten_function(&s, name, room);
	check(name, s.text, want);
	if (s.len > room && room >= 8)
		check("room", "exceeded", "kept");
	strbuf_release(&s);
}

static void test_shorten(void)
{
	const char *name = "void a::f<std::vector<int, b<c> >, d>(int, char)";
	shortened(name, 60, name);
	shortened(name, 47, "void a::f<std::vector<int, b<c> >, d>(...)");
	shortened(name, 41, "void a::f<std::vector<...>, d>(...)");
	shortened(name, 16, "a::f<...>(...)");
	shortened("heap::result scavenger::visit<heap::mode>(int)", 24, "scavenger::visit<...>");
	shortened("main", 3, "main");
	shortened("a::operator<(a::x const&, a::y const&)", 30, "a::operator<(...)");
	shortened("a::operator->() const", 15, "a::operator->");
	shortened("(anonymous namespace)::f(unsigned long, int)", 35,
		  "(anonymous namespace)::f(...)");
	shortened("a_function_of_c_with_a_very_long_name", 20, "a_function_of_c_wi..");
	shortened("f\303\244\303\244\303\244\303\244\303\244\303\244", 8, "f\303\244\303\244..");
	shortened("<alloc::vec::Vec<T> as core::clone::Clone>::clone", 30,
		  "alloc::vec::Vec<T>::clone");
	shortened("<alloc::vec::Vec<T> as core::clone::Clone>::clone", 27,
		  "alloc::vec::Vec<T>::clone");
	shortened("<T as alloc::vec::spec_from_elem::SpecFromElem>::from_elem", 56,
		  "alloc::vec::spec_from_elem::SpecFromElem::from_elem");
	shortened("<alloc::raw_vec::RawVec<alloc::vec::Vec<u8>>>::grow_one", 40,
		  "alloc::raw_vec::RawVec<...>::grow_one");
	shortened("<&dyn core::ops::Fn<(), Output = i32> as core::ops::FnOnce<()>>::call_once", 50,
		  "core::ops::FnOnce<()>::call_once");
	shortened("<fn(a) -> b as core::ops::FnOnce<(a,)>>::call_once::<very, long, list>", 48,
		  "core::ops::FnOnce<...>::call_once::<...>");
	shortened("<broken as <<long>::and it does not end at all", 20, "<broken as <...");
	shortened("<", 8, "<");
	shortened("broken<<<<(((", 9, "broken<..");
	shortened(">>>>)))(((<<<more", 9, ">>>>)))..");
}

static void bytes(uint64_t value, const char *want)
{
	char buf[HUMANE_BYTES];
	check("bytes", humane_bytes(buf, value), want);
}

static void duration(uint64_t value, const char *want)
{
	char buf[HUMANE_BYTES];
	check("time", humane_time(buf, value), want);
}

static void test_humane(void)
{
	char buf[HUMANE_BYTES];
	bytes(0, "0 B");
	bytes(1023, "1023 B");
	bytes(1024, "1.00 KiB");
	bytes(10230, "9.99 KiB");
	bytes(10239, "10.0 KiB");
	bytes(102400, "100 KiB");
	bytes(1048575, "1.00 MiB");
	bytes(UINT64_MAX, "16.0 EiB");
	duration(0, "0 ns");
	duration(999, "999 ns");
	duration(1000, "1.00 us");
	duration(999500, "1.00 ms");
	duration(1234567890, "1.23 s");
	duration(UINT64_C(99900000000), "99.9 s");
	duration(UINT64_C(125000000000), "2 min 05 s");
	duration(UINT64_C(7500000000000), "2 h 05 min");
	check("count", humane_count(buf, 0), "0");
	check("count", humane_count(buf, 999), "999");
	check("count", humane_count(buf, 1000), "1,000");
	check("count", humane_count(buf, UINT64_MAX), "18,446,744,073,709,551,615");
	check("percent", humane_percent(buf, 1, 3), "33.3%");
	check("percent", humane_percent(buf, 1, 0), "");
}

static void plumbing(const char *name, bool want)
{
	check(name, plumbing_function(name) ? "plumbing" : "own", want ? "plumbing" : "own");
}

static void test_plumbing(void)
{
	plumbing("std::vector<int>::push_back(int&&)", true);
	plumbing("void std::vector<App>::_M_realloc_insert<App>(App&&)", true);
	plumbing("__gnu_cxx::new_allocator<int>::allocate(unsigned long, void const*)", true);
	plumbing("operator new(unsigned long)", true);
	plumbing("alloc::raw_vec::RawVec<T,A>::grow_one", true);
	plumbing("<alloc::string::String as core::clone::Clone>::clone", true);
	plumbing("<T as alloc::vec::spec_from_elem::SpecFromElem>::from_elem", true);
	plumbing("<T as app::Make>::make", false);
	plumbing("_PyObject_Malloc", true);
	plumbing("xmalloc", true);
	plumbing("CRYPTO_zalloc", true);
	plumbing("xmalloc_user", false);
	plumbing("app::Cache<std::string>::get(std::string const&)", false);
	plumbing("std::string app::name<int>(int)", false);
	plumbing("app::Key::operator std::string() const", false);
	plumbing("<app::Tree as core::clone::Clone>::clone", false);
	plumbing("standard_thing", false);
	plumbing("", false);
	check("libc", plumbing_module("/lib/x86_64-linux-gnu/libc.so.6") ? "1" : "0", "1");
	check("libcurl", plumbing_module("/usr/lib/libcurl.so.4") ? "1" : "0", "0");
	check("libc.so", plumbing_module("libc.so.6") ? "1" : "0", "1");
	check("empty", plumbing_module("") ? "1" : "0", "0");
}

static void role(enum role role, const char *call, const char *want)
{
	struct strbuf s = STRBUF_INIT;
	call_add_words(&s, role, call);
	check("role", s.text, want);
	strbuf_release(&s);
}

static void sentences(const struct trace_finding *f, const char *summary, const char *fix)
{
	struct strbuf s = STRBUF_INIT;
	finding_add_summary(&s, f, NULL, NULL);
	check("summary", s.text, summary);
	strbuf_clear(&s);
	finding_add_fix(&s, f);
	check("fix", s.text, fix);
	strbuf_release(&s);
}

static void both(unsigned class, const char *made, const char *called, const char *want)
{
	struct strbuf s = STRBUF_INIT;
	const struct trace_finding f = { .class = (uint8_t) class,
					 .flags = FINDING_HAS_BLOCK,
					 .role = ROLE_FREE,
					 .made_role = ROLE_MALLOC,
					 .size = 200 };
	finding_add_summary(&s, &f, made, called);
	check("both allocators", s.text, want);
	strbuf_release(&s);
}

static void test_allocators(void)
{
	both(FINDING_CROSS, "jemalloc 5.3.0 in libplug.so", "glibc 2.36",
	     "free() of glibc 2.36 got a block of 200 bytes made by malloc() of jemalloc 5.3.0 in "
	     "libplug.so");
	both(FINDING_GONE, "jemalloc 5.3.0 in libplug.so", "glibc 2.36",
	     "free() of glibc 2.36 got a block of 200 bytes made by malloc() of jemalloc 5.3.0 in "
	     "libplug.so, which has been unloaded");
	both(FINDING_CROSS, NULL, "glibc 2.36",
	     "free() of a block of 200 bytes made by malloc() of another allocator");
	both(FINDING_DOUBLE, "a", "b",
	     "free() of a block of 200 bytes made by malloc() that had been freed before");
}

static void test_findings(void)
{
	struct strbuf unknown = STRBUF_INIT, why = STRBUF_INIT;
	struct trace_finding f = { .class = FINDING_CLASSES };
	role(ROLE_MALLOC, NULL, "malloc()");
	role(ROLE_NEW_ARRAY_ALIGNED_NOTHROW, NULL,
	     "operator new[](std::size_t, std::align_val_t, std::nothrow_t const&)");
	role(ROLE_DELETE_SIZED_ALIGNED, NULL,
	     "operator delete(void*, std::size_t, std::align_val_t)");
	role(ROLE_DELETE_ARRAY_SIZED, NULL, "operator delete[](void*, std::size_t)");
	role(ROLE_DELETE_NOTHROW, NULL, "operator delete(void*, std::nothrow_t const&)");
	role(ROLE_FREE, "sdallocx", "sdallocx()");
	role(ROLE_FREE, "_ZdlPvm", "operator delete(void*, std::size_t)");
	finding_add_why(&unknown, &f);
	for (f.class = 0; f.class < FINDING_CLASSES; f.class ++) {
		strbuf_clear(&why);
		finding_add_why(&why, &f);
		if (strcmp(why.text, unknown.text) == 0)
			check(finding_class_word(f.class), "no reason", "a reason");
	}
	f = (struct trace_finding){ .class = FINDING_ALIGNMENT,
				    .flags = FINDING_HAS_BLOCK,
				    .role = ROLE_DELETE,
				    .made_role = ROLE_NEW_ALIGNED,
				    .size = 1 };
	sentences(&f, "operator delete(void*) of a block of 1 byte made by operator new(std::size_t, "
		  "std::align_val_t)",
		  "release it with aligned operator delete and the alignment it was made with");
	f.role = ROLE_DELETE_ALIGNED;
	f.made_role = ROLE_NEW;
	f.argument = 64;
	sentences(&f,
		  "operator delete(void*, std::align_val_t) with alignment 64 of a block of 1 byte made "
		  "by operator new(std::size_t)",
		  "release it with operator delete");
	f = (struct trace_finding){ .class = FINDING_CLASSES, .role = ROLE_FREE, .address = 16 };
	sentences(&f, "free() of 0x10, which is no block of the heap",
		  "find out where the address comes from; it may be damaged");
	strbuf_release(&unknown);
	strbuf_release(&why);
}

int main(void)
{
	test_shorten();
	test_humane();
	test_plumbing();
	test_findings();
	test_allocators();
	return failures != 0;
}
