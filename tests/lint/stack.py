#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""stack.py OBJECT... - has each BPF program stack to spare?

A chain of calls has 512 bytes, and kernels up to 6.1 round each function's part up to 32. What a compiler of
another version, or the next line, adds shall fit as well: SPARE bytes stay free. Prints the deepest chain
of each object; on standard error if it is too deep.
"""
import struct
import sys

LIMIT, SPARE, ROUND = 512, 32, 32
CALL, PSEUDO_CALL = 0x85, 1
MOVE, ADD = 0xbf, 0x07
SHT_SYMTAB, SHT_REL, STT_SECTION, STT_FUNC = 2, 9, 3, 2
R_BPF_64_32 = 10
FRAME = 10  # the register


def text(table, start):
    return table[start:table.index(b"\0", start)].decode()


class Object:
    """The functions of an ELF file, by (section, offset), and the calls that are relocated."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = data = file.read()
        start, = struct.unpack_from("<Q", data, 0x28)
        size, count = struct.unpack_from("<HH", data, 0x3a)
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", data, start + i * size) for i in range(count)]
        self.symbols = []
        self.functions, self.relocated = {}, {}
        for section in self.sections:
            if section[1] == SHT_SYMTAB:
                self.read_symbols(section)
        for section in self.sections:
            if section[1] == SHT_REL:
                self.read_relocations(section)

    def bytes_of(self, section):
        return self.data[section[4]:section[4] + section[5]]

    def read_symbols(self, section):
        names = self.bytes_of(self.sections[section[6]])
        for name, info, _, index, value, size in struct.iter_unpack("<IBBHQQ", self.bytes_of(section)):
            self.symbols.append((info & 15, index, value))
            if info & 15 == STT_FUNC:
                self.functions[index, value] = (text(names, name), size)

    def read_relocations(self, section):
        for offset, info in struct.iter_unpack("<QQ", self.bytes_of(section)):
            if info & 0xffffffff == R_BPF_64_32:
                self.relocated[section[7], offset] = self.symbols[info >> 32]

    def callee(self, index, at, offset):
        kind, section, value = self.relocated.get((index, at), (STT_SECTION, index, at))
        if kind == STT_FUNC:
            return section, value
        return section, (at if section == index and (index, at) not in self.relocated else 0) + (offset + 1) * 8

    def frame(self, function):
        """How many bytes of stack it uses itself, and whom it calls."""
        index, start = function
        code = self.bytes_of(self.sections[index])[start:start + self.functions[function][1]]
        depth, callees, frames = 0, set(), {FRAME}
        for at in range(0, len(code), 8):
            op, registers, offset, value = struct.unpack_from("<BBhi", code, at)
            to, source = registers & 15, registers >> 4
            if op & 7 in (1, 2, 3) and (source if op & 7 == 1 else to) == FRAME:
                depth = max(depth, -offset)
            elif op == MOVE and source == FRAME:
                frames.add(to)
            elif op == ADD and to in frames and value < 0:
                depth = max(depth, -value)
            elif op == CALL and source == PSEUDO_CALL:
                callees.add(self.callee(index, start + at, value))
            if op & 7 in (4, 7) and op != MOVE and to != FRAME:
                frames.discard(to)
        return depth, callees

    def deepest(self, function):
        depth, callees = self.frame(function)
        used = max(ROUND, -(-depth // ROUND) * ROUND)
        below = max((self.deepest(callee) for callee in callees if callee in self.functions), default=(0, []))
        return used + below[0], [f"{self.functions[function][0]} {depth}"] + below[1]


faults = 0
for path in sys.argv[1:]:
    elf = Object(path)
    most, chain = max(elf.deepest(function) for function in elf.functions)
    deep = most > LIMIT - SPARE
    print(f"{path}: {most} of {LIMIT} bytes: {' > '.join(chain)}", file=sys.stderr if deep else sys.stdout)
    faults += deep
sys.exit(faults > 0)
