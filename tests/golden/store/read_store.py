"""Reads a store from memory/FORMAT.md alone: python3 read_store.py FILE [KEY] prints what lives in it, a line an item.
No code is shared with the library. KEY: 32 bytes, as text."""
import hashlib, struct, sys

def crc32c(data, crc=0):
    crc = ~crc & 0xffffffff
    for b in data:
        crc ^= b
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return ~crc & 0xffffffff

def rounds(s):
    def quarter(a, b, c, d):
        for x, y, z, r in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = s[x] + s[y] & 0xffffffff
            t = s[z] ^ s[x]
            s[z] = (t << r | t >> (32 - r)) & 0xffffffff
    for _ in range(10):
        for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                  (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(*q)

SIGMA = struct.unpack('<4I', b'expand 32-byte k')

def chacha(key, counter, nonce):
    start = [*SIGMA, *struct.unpack('<8I', key), counter, *struct.unpack('<3I', nonce)]
    s = start[:]
    rounds(s)
    return struct.pack('<16I', *((a + b) & 0xffffffff for a, b in zip(s, start)))

def unseal(key, nonce, ad, text, tag):  # XChaCha20-Poly1305; None: forged
    s = [*SIGMA, *struct.unpack('<8I', key), *struct.unpack('<4I', nonce[:16])]
    rounds(s)
    key, nonce = struct.pack('<8I', *s[:4], *s[12:]), bytes(4) + nonce[16:]
    one = chacha(key, 0, nonce)
    r, p, acc = int.from_bytes(one[:16], 'little') & 0x0ffffffc0ffffffc0ffffffc0fffffff, (1 << 130) - 5, 0
    m = ad + bytes(-len(ad) % 16) + text + bytes(-len(text) % 16) + struct.pack('<QQ', len(ad), len(text))
    for i in range(0, len(m), 16):
        acc = (acc + int.from_bytes(m[i:i + 16] + b'\1', 'little')) * r % p
    if (acc + int.from_bytes(one[16:32], 'little')).to_bytes(17, 'little')[:16] != tag:
        return None
    stream = b''.join(chacha(key, 1 + i, nonce) for i in range((len(text) + 63) // 64))
    return bytes(a ^ b for a, b in zip(text, stream))

def superblock(data):
    best = None
    for at in (0, 4096):
        s = data[at:at + 256]
        if s[:8] != b'HRTHMEM1' or crc32c(s[:124]) != struct.unpack_from('<I', s, 124)[0]:
            continue
        major, _, incompat, _, _, generation = struct.unpack_from('<HHIIIQ', s, 8)
        assert major == 1 and incompat & ~1 == 0
        if incompat and crc32c(s[128:252]) != struct.unpack_from('<I', s, 252)[0]:
            continue
        if best is None or generation > best[0]:
            best = (generation, s)
    return best[1]

def store_key(s, host):
    kind, salt, nonce = struct.unpack_from('<I', s, 128)[0], s[144:160], s[160:184]
    assert kind == 1
    wrap = hashlib.blake2b(b'hearth store key' + salt, key=host, digest_size=32).digest()
    return unseal(wrap, nonce, s[:184], s[184:216], s[216:232])

def segments(data, s, key):
    uuid, (size, align, erased) = s[32:48], struct.unpack_from('<III', s, 48)
    head = 128 if key else 64
    data += bytes([erased]) * (-(len(data) - 8192) % size)
    for at in range(8192, len(data), size):
        seg = data[at:at + size]
        number, salt, first = struct.unpack_from('<QQQ', seg, 8)
        total = crc32c(seg[:60], crc32c(uuid))
        if key:
            total = crc32c(seg[64:128], total)
        if seg[:8] != b'HRSEGMT1' or total != struct.unpack_from('<I', seg, 60)[0]:
            continue
        own = key and unseal(key, seg[64:80] + struct.pack('<Q', number), uuid + seg[:60], seg[80:112], seg[112:128])
        assert not key or own
        yield number, salt, first, seg, own, head, align

def records(segs):
    for number, salt, lsn, seg, own, at, align in sorted(segs, key=lambda g: g[0]):
        batch = []
        while at + 32 <= len(seg):
            magic, n, kind, flags, have, total, _, check = struct.unpack_from('<IIHHQIII', seg, at)
            if magic != 0x50524543 ^ (salt & 0xffffffff) or have != lsn or check != crc32c(seg[at:at + 28], salt >> 32):
                break
            body = seg[at + 32:at + 32 + n]
            if own:
                body = unseal(own, body[:8] + struct.pack('<QQ', lsn, salt), seg[at:at + 32], body[8:-16], body[-16:])
            elif crc32c(body) != total:
                break
            if body is None or bool(flags & 4) != (not batch):
                break
            batch.append((kind, body))
            lsn += 1
            at += (32 + n + align - 1) // align * align
            if flags & 2:
                yield from batch
                batch = []

def numbers(body):
    _, space, dim, form = struct.unpack_from('<QQII', body)
    if form == 0:
        return space, struct.unpack_from('<%df' % dim, body, 24)
    return space, [v * 2.0 ** (form - 512) for v in struct.unpack_from('<%de' % dim, body, 24)]

def main():
    data, s = open(sys.argv[1], 'rb').read(), None
    s = superblock(data)
    key = store_key(s, sys.argv[2].encode()) if struct.unpack_from('<I', s, 12)[0] & 1 else None
    items, spaces = {}, {}
    for kind, body in records(segments(data, s, key)):
        if kind == 1:
            f = struct.unpack_from('<QQQIII5I', body)
            at, parts = 56, []
            for n in f[6:]:
                parts.append(body[at:at + n].decode())
                at += n
            items[f[0]] = [f, parts, None]
        elif kind == 2:
            if struct.unpack_from('<Q', body)[0] in items:
                items[struct.unpack_from('<Q', body)[0]][2] = numbers(body)
        elif kind == 3:
            items.pop(struct.unpack_from('<Q', body)[0], None)
        elif kind == 6:
            space, dim, n = struct.unpack_from('<QII', body)
            spaces[space] = body[16:16 + n].decode()
    for i in sorted(items):
        f, parts, vector = items[i]
        line = '%d %d %d %d %d %d|%s' % (*f[:6], '|'.join(parts))
        if vector:
            line += '|%s' % spaces[vector[0]] + ''.join(' %08x' % struct.unpack('<I', struct.pack('<f', v))[0] for v in vector[1])
        print(line)

main()
