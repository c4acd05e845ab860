/** inet_aton(3): one to four parts (`text` has no more), each octal, hexadecimal or decimal; the last one fills what is left. Undefined for what it does not read. */
export function readLoosely(text: string): number | undefined {
  const parts = text.split(".");
  let address = 0;
  for (const [index, part] of parts.entries()) {
    if (!/^(?:0x[\da-f]+|0[0-7]*|[1-9]\d*)$/i.test(part)) return undefined;
    const value = /^0\d/.test(part) ? Number.parseInt(part, 8) : Number(part);
    const isLast = index === parts.length - 1;
    const room = isLast ? 256 ** (5 - parts.length) : 256;
    if (value >= room) return undefined;
    address += isLast ? value : value * 256 ** (3 - index);
  }
  return address;
}

/** The length that a dotted netmask writes, or undefined where `text` is none. */
export function netmaskLength(text: string): number | undefined {
  const bits = text.split(".").length === 4 ? readLoosely(text) : undefined;
  if (bits === undefined) return undefined;
  const length = Math.clz32(~bits);
  return bits === (length === 0 ? 0 : (-1 << (32 - length)) >>> 0) ? length : undefined;
}
