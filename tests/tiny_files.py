"""tiny_files.py - makes small ELF, ar, PE, COFF and Mach-O files of any machine, for tests and for the seeds of
fuzzing: no compiler is needed, and nothing of anybody else's is in them."""
import struct

EM_386, EM_PPC, EM_PPC64, EM_S390, EM_ARM, EM_SPARCV9, EM_X86_64, EM_AARCH64, EM_RISCV = 3, 20, 21, 22, 40, 43, 62, 183, 243
ET_REL, ET_EXEC, ET_DYN = 1, 2, 3
PROGBITS, SYMTAB, STRTAB, DYNAMIC, NOTE, DYNSYM = 1, 2, 3, 6, 7, 11
DT_NEEDED, DT_STRTAB, DT_SONAME = 1, 5, 14
JEMALLOC = (b"je_mallocx", b"je_sdallocx", b"je_rallocx")
MIMALLOC_TEXT = b"mimalloc: error: \0mimalloc: warning: \0"
BASE = 0x10000


def strings(texts):
    """A string table and where each text is in it."""
    table, at = b"\0", {}
    for text in texts:
        if text not in at:
            at[text] = len(table)
            table += text + b"\0"
    return table, at


class _Elf:
    def __init__(self, bits, big, machine, kind):
        self.wide, self.order, self.machine, self.kind = bits == 64, ">" if big else "<", machine, kind
        self.sections = []

    def pack(self, narrow, wide, *values):
        return struct.pack(self.order + (wide if self.wide else narrow), *values)

    def symbol(self, name, value, section, info=0x12):
        if self.wide:
            return struct.pack(self.order + "IBBHQQ", name, info, 0, section, value, 16)
        return struct.pack(self.order + "IIIBBH", name, value, 16, info, 0, section)

    def symbols(self, defined, imported):
        """A table of symbols, the functions in section 1, with its strings."""
        table, at = strings([*imported, *defined])
        data = self.symbol(0, 0, 0, 0)
        data += b"".join(self.symbol(at[name], 0, 0) for name in imported)
        data += b"".join(self.symbol(at[name], BASE + 0x100 + 16 * i, 1) for i, name in enumerate(defined))
        return data, table

    def add(self, name, kind, flags, data, link=0, info=0, entry=0):
        self.sections.append((name, kind, flags, data, link, info, entry))
        return len(self.sections)

    def file(self):
        names, at = strings([s[0] for s in self.sections] + [b".shstrtab"])
        self.add(b".shstrtab", STRTAB, 0, names)
        head, each, segment = (64, 64, 56) if self.wide else (52, 40, 32)
        wanted = [s for s in self.sections if s[1] in (DYNAMIC, NOTE)]
        segments = 0 if self.kind == ET_REL else 1 + len(wanted)
        body, offset, headers, program = b"", head + segments * segment, self.pack("10I", "IIQQQQIIQQ", *[0] * 10), b""
        for name, kind, flags, data, link, info, entry in self.sections:
            body += bytes(-(offset + len(body)) % 8)
            here = offset + len(body)
            address = BASE + here if flags & 2 else 0
            headers += self.pack("10I", "IIQQQQIIQQ", at[name], kind, flags, address, here, len(data), link, info, 8, entry)
            if segments and kind in (DYNAMIC, NOTE):
                program += self.segment(2 if kind == DYNAMIC else 4, here, len(data))
            body += data
        body += bytes(-(offset + len(body)) % 8)
        if segments:
            program = self.segment(1, 0, offset + len(body)) + program
        ident = b"\x7fELF" + bytes([2 if self.wide else 1, 2 if self.order == ">" else 1, 1]) + bytes(9)
        header = ident + self.pack("HHIIIIIHHHHHH", "HHIQQQIHHHHHH", self.kind, self.machine, 1, 0, head if segments else 0,
                                   offset + len(body), 0, head, segment if segments else 0, segments, each,
                                   len(self.sections) + 1, len(self.sections))
        return header + program + body + headers

    def segment(self, kind, offset, size):
        if self.wide:
            return struct.pack(self.order + "IIQQQQQQ", kind, 5, offset, BASE + offset, BASE + offset, size, size, 8)
        return struct.pack(self.order + "8I", kind, offset, BASE + offset, BASE + offset, size, size, 5, 8)


def elf(bits=64, big=False, machine=EM_X86_64, kind=ET_DYN, exported=(), hidden=(), imported=(), text=b"", needed=(),
        soname=None, build_id=b""):
    """An ELF file: functions in its dynamic table, in its symbol table, imported ones, and constants."""
    out = _Elf(bits, big, machine, kind)
    entry = 24 if out.wide else 16
    out.add(b".text", PROGBITS, 6, bytes(16))
    out.add(b".rodata", PROGBITS, 2, text or b"\0")
    if kind != ET_REL:
        data, table = out.symbols(exported, imported)
        names = [n for n in (*needed, soname) if n]
        for name in names:
            table += name + b"\0"
        section = out.add(b".dynsym", DYNSYM, 2, data, link=4, info=1, entry=entry)
        out.add(b".dynstr", STRTAB, 2, table)
        dynamic = [(DT_NEEDED, table.index(b"\0" + n + b"\0") + 1) for n in needed]
        dynamic += [(DT_SONAME, table.index(b"\0" + soname + b"\0") + 1)] if soname else []
        out.add(b".dynamic", DYNAMIC, 3, b"".join(out.pack("II", "QQ", *d) for d in [*dynamic, (0, 0)]), link=section + 1,
                entry=entry - 8)
    if build_id:
        out.add(b".note.gnu.build-id", NOTE, 2, struct.pack(out.order + "III4s", 4, len(build_id), 3, b"GNU\0") + build_id)
    if hidden:
        data, table = out.symbols(hidden, ())
        out.add(b".symtab", SYMTAB, 0, data, link=len(out.sections) + 2, info=1, entry=entry)
        out.add(b".strtab", STRTAB, 0, table)
    return out.file()


# ---- archives ----

def _member(name, data, recorded=None):
    size = len(data) if recorded is None else recorded
    return b"%-16s%-12d%-6d%-6d%-8o%-10d`\n" % (name, 0, 0, 0, 0o644, size) + data + b"\n" * (len(data) % 2)


def archive(members):
    """System V's: [(name, data)]; long names are in their own member."""
    long_names, out = b"", b""
    for name, data in members:
        if len(name) > 15:
            out += _member(b"/%d" % len(long_names), data)
            long_names += name + b"/\n"
        else:
            out += _member(name + b"/", data)
    return b"!<arch>\n" + (_member(b"//", long_names) if long_names else b"") + out


def bsd_archive(members):
    """BSD's and macOS's: the name stands before the data."""
    out = b"!<arch>\n"
    for name, data in members:
        padded = name + bytes(-len(name) % 8)
        out += _member(b"#1/%d" % len(padded), padded + data)
    return out


def thin_archive(members):
    """[(path, size)]: the files are elsewhere."""
    long_names, out = b"", b""
    for name, size in members:
        out += _member(b"/%d" % len(long_names), b"", size)
        long_names += name + b"/\n"
    return b"!<thin>\n" + _member(b"//", long_names) + out


# ---- PE and COFF ----

PE_MACHINES = {EM_X86_64: 0x8664, EM_386: 0x14c, EM_AARCH64: 0xaa64, EM_ARM: 0x1c4}


def _coff_symbols(names):
    text, table = b"", b""
    for i, name in enumerate(names):
        table += struct.pack("<IIIHHBB", 0, 4 + len(text), 16 * i, 1, 0x20, 2, 0)
        text += name + b"\0"
    return table + struct.pack("<I", 4 + len(text)) + text


def pe(bits, exports, symbols, constants=b"", machine=None):
    """A DLL with one section: export tables, then constants; COFF symbols as MinGW writes them."""
    base, names, text = 0x1000, b"", b""
    count = len(exports)
    at = 40 + 10 * count
    for name in sorted(exports):
        names += struct.pack("<I", base + at + len(text))
        text += name + b"\0"
    directory = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, 0, 1, count, count, base + 40, base + 40 + 4 * count,
                            base + 40 + 8 * count)
    functions = b"".join(struct.pack("<I", 0x5000 + 16 * i) for i in range(count))
    ordinals = b"".join(struct.pack("<H", i) for i in range(count))
    data = directory + functions + names + ordinals + text + constants
    wide = bits == 64
    optional = struct.pack("<H", 0x20b if wide else 0x10b).ljust(108 if wide else 92, b"\0") + struct.pack("<I", 16)
    optional += struct.pack("<II", base if exports else 0, len(data)) + bytes(8 * 15)
    file_at = 0x40 + 24 + len(optional) + 40
    head = b"MZ".ljust(0x3c, b"\0") + struct.pack("<I", 0x40)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", PE_MACHINES[machine or (EM_X86_64 if wide else EM_386)], 1, 0,
                       file_at + len(data) if symbols else 0, len(symbols), len(optional), 0x2000)
    section = struct.pack("<8sIIIIIIHHI", b".rdata", len(data), base, len(data), file_at, 0, 0, 0, 0, 0x40000040)
    return head + coff + optional + section + data + (_coff_symbols(symbols) if symbols else b"")


def coff_object(machine, symbols, constants=b""):
    """What MinGW's assembler makes: .text with functions, .rdata with constants."""
    sections = struct.pack("<8sIIIIIIHHI", b".text", 0, 0, 16, 100, 0, 0, 0, 0, 0x60500020)
    sections += struct.pack("<8sIIIIIIHHI", b".rdata", 0, 0, len(constants), 116, 0, 0, 0, 0, 0x40500040)
    return struct.pack("<HHIIIHH", PE_MACHINES[machine], 2, 0, 116 + len(constants), len(symbols), 0, 0) + sections + \
        bytes(16) + constants + _coff_symbols(symbols)


def import_object(machine, name, dll):
    """A member of an import library of Microsoft's form."""
    data = name + b"\0" + dll + b"\0"
    return struct.pack("<HHHHIIHH", 0, 0xffff, 0, PE_MACHINES[machine], 0, len(data), 0, 4) + data


# ---- Mach-O ----

MACH_CPUS = {EM_X86_64: 0x1000007, EM_386: 7, EM_AARCH64: 0x100000c, EM_ARM: 12, EM_PPC: 18, EM_PPC64: 0x1000012}


def mach_o(machine, exported=(), hidden=(), constants=b"", kind=8, big=False, uuid=b""):
    """A bundle (or of another kind) with one segment of code and constants, and a symbol table."""
    wide = bool(MACH_CPUS[machine] & 0x1000000)
    order = ">" if big else "<"
    table, at = strings([b"_" + n for n in (*exported, *hidden)])
    head, segment, section = (32, 72, 80) if wide else (28, 56, 68)
    commands_bytes = segment + 2 * section + 24 + (24 if uuid else 0)
    code_at = head + commands_bytes
    symbols_at = code_at + 16 + len(constants)
    number = "Q" if wide else "I"

    def one_section(name, part, size, offset, flags):
        return struct.pack(order + "16s16s2" + number + ("8I" if wide else "7I"), name, part, 0x1000 + offset, size, offset,
                           0, 0, 0, flags, *([0] * (3 if wide else 2)))
    commands = struct.pack(order + "II16s4" + number + "4I", 0x19 if wide else 1, segment + 2 * section, b"__TEXT", 0x1000,
                           symbols_at, 0, symbols_at, 7, 5, 2, 0)
    commands += one_section(b"__text", b"__TEXT", 16, code_at, 0x80000400)
    commands += one_section(b"__cstring", b"__TEXT", len(constants), code_at + 16, 2)
    names = [(n, 0x0f) for n in exported] + [(n, 0x0e) for n in hidden]
    table_bytes = len(names) * (16 if wide else 12)
    commands += struct.pack(order + "6I", 2, 24, symbols_at, len(names), symbols_at + table_bytes, len(table))
    if uuid:
        commands += struct.pack(order + "II16s", 0x1b, 24, uuid)
    header = struct.pack(order + "7I", 0xfeedfacf if wide else 0xfeedface, MACH_CPUS[machine], 3, kind, 2 + bool(uuid),
                         len(commands), 0)
    header += bytes(4) if wide else b""
    symbols = b"".join(struct.pack(order + "IBBH" + number, at[b"_" + n], kind_, 1, 0, 0x1000 + code_at + i)
                       for i, (n, kind_) in enumerate(names))
    return header + commands + bytes(16) + constants + symbols + table


def universal(parts, wide=False, alignment=16):
    """[(machine, data)] in one file; wide: with 64-bit offsets."""
    each = 32 if wide else 20
    at = 8 + each * len(parts)
    head, body = struct.pack(">II", 0xcafebabf if wide else 0xcafebabe, len(parts)), b""
    for machine, data in parts:
        body += bytes(-(at + len(body)) % alignment)
        here = at + len(body)
        numbers = (MACH_CPUS[machine], 3, here, len(data), 4)
        head += struct.pack(">IIQQII", *numbers, 0) if wide else struct.pack(">5I", *numbers)
        body += data
    return head + body
