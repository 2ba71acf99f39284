"""The smallest 7z archive: one file, stored as it is. Written from the format's description (7zFormat.txt)."""

from __future__ import annotations

import struct
import zlib

SIGNATURE = b"7z\xbc\xaf\x27\x1c\x00\x04"
END, HEADER, STREAMS, FILES, PACK, UNPACK, SUB, CRC, SIZE, FOLDER, UNPACK_SIZE, NAMES = (
    0,
    1,
    4,
    5,
    6,
    7,
    8,
    10,
    9,
    11,
    12,
    17,
)


def number(value: int) -> bytes:
    """Return the variable-length number of the format; below 2**35."""
    for extra in range(5):
        if value < 1 << (7 * (extra + 1)):
            high = value >> (8 * extra)
            mask = (0xFF00 >> extra) & 0xFF
            return bytes([mask | high]) + (value & ((1 << (8 * extra)) - 1)).to_bytes(extra, "little")
    raise ValueError(value)


def archive(name: str, data: bytes) -> bytes:
    """Return the archive of one file with the copy method."""
    size = number(len(data))
    packed = bytes([PACK]) + number(0) + number(1) + bytes([SIZE]) + size + bytes([END])
    folder = bytes([UNPACK, FOLDER, 1, 0, 1, 1, 0, UNPACK_SIZE]) + size + bytes([END])
    parts = bytes([SUB, CRC, 1]) + struct.pack("<I", zlib.crc32(data)) + bytes([END])
    names = b"\x00" + name.encode("utf-16-le") + b"\x00\x00"
    files = bytes([FILES, 1, NAMES]) + number(len(names)) + names + bytes([END])
    header = bytes([HEADER, STREAMS]) + packed + folder + parts + bytes([END]) + files + bytes([END])
    start = struct.pack("<QQI", len(data), len(header), zlib.crc32(header))
    return SIGNATURE + struct.pack("<I", zlib.crc32(start)) + start + data + header
