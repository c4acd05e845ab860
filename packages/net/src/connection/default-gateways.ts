/** RTF_GATEWAY of linux/route.h. */
const RTF_GATEWAY = 0x2;

/** Gateways of IPv4 default routes in the text of /proc/net/route. A line a route: interface, destination, gateway, flags, …; addresses are hexadecimal words in the machine's order (net/ipv4/fib_trie.c). */
export function gateways4(table: string): string[] {
  return rowsOf(table).flatMap(([, destination, gateway = "", flags = ""]) => {
    if (destination !== "00000000" || (Number.parseInt(flags, 16) & RTF_GATEWAY) === 0) return [];
    const word = Uint32Array.of(Number.parseInt(gateway, 16));
    return [[...new Uint8Array(word.buffer)].join(".")];
  });
}

/** The same of IPv6, in the text of /proc/net/ipv6_route. A line a route: destination, its length, source, its length, next hop, …, flags, interface (net/ipv6/route.c). A gateway that is link-local names the interface, and no list may. */
export function gateways6(table: string): string[] {
  return rowsOf(table).flatMap((row) => {
    const [destination, length, , , next = ""] = row;
    const flags = Number.parseInt(row[8] ?? "0", 16);
    if (!/^0{32}$/.test(destination ?? "") || length !== "00" || (flags & RTF_GATEWAY) === 0) return [];
    if (/^fe[89ab]/i.test(next) || /^0{32}$/.test(next) || row[9] === "lo") return [];
    return [next.match(/.{4}/g)?.join(":") ?? ""];
  });
}

function rowsOf(table: string): string[][] {
  return table.split("\n").map((line) => line.trim().split(/\s+/));
}
