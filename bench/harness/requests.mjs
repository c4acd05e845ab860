/** Different texts of each request: an engine must not learn one header by heart. A power of two. */
const VARIANTS = 64;
export const TRUSTED = ["127.0.0.0/8", "::1/128", "10.0.0.0/8"];
const CLIENT = "81.2.69.142";
const CLIENT_V6 = "2a02:db9:1:2:3:4:5:6";

function request(peer, forwardedFor, more = {}) {
  const headers = {
    host: "example.com",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    accept: "*/*",
    "accept-encoding": "gzip, deflate, br",
    ...(forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor }),
    "x-forwarded-proto": "https",
    cookie: "sid=0123456789abcdef",
    ...more,
  };
  return { headers, socket: { remoteAddress: peer }, connection: { remoteAddress: peer } };
}

function chain(hops) {
  return [CLIENT, ...Array.from({ length: hops - 1 }, (_, index) => `10.0.${index % 7}.${index + 1}`)].join(", ");
}

/** What a server meets every day. */
export const REQUESTS = {
  "no header": request("81.2.69.143"),
  "1 hop": request("10.0.0.9", chain(1)),
  "1 hop, ::ffff: peer": request("::ffff:10.0.0.9", chain(1)),
  "3 hops": request("10.0.0.9", chain(3)),
  "10 hops": request("10.0.0.9", chain(10)),
  "client's own header, 1 proxy": request("10.0.0.9", `5.6.7.8, ${CLIENT}`),
  "client's own header, 2 proxies": request("10.0.0.9", `5.6.7.8, ${CLIENT}, 10.0.0.7`),
  "1 hop, IPv6 client": request("10.0.0.9", CLIENT_V6),
  "3 hops, IPv6": request("::1", `${CLIENT_V6}, ::1, ::1`),
};

function filled(element, length) {
  return `${CLIENT},${`${element},`.repeat(Math.floor((length - 30) / (element.length + 1)))}`.slice(0, -1);
}

/** What an attacker can put into one header, at two sizes (Node takes 16 KiB of headers in all). */
export const HOSTILE = Object.fromEntries(
  [8190, 16_000].flatMap((length) =>
    Object.entries({
      "all trusted": filled("10.0.0.1", length),
      "all trusted, white space": filled(`${" ".repeat(24)}10.100.100.100${" ".repeat(24)}`, length),
      "all trusted, IPv6": filled("2001:db8:a001:b0b1:c0c1:d0d1:e0e1:f0f1", length),
      "all trusted, [IPv6]:port": filled("[2001:0DB8:0A00:00B0:0C00:00D0:0E00:00F0]:65535", length),
      "spoofed on the left": `${"9.9.9.9,".repeat(length / 8 - 4)}${CLIENT}`,
      commas: ",".repeat(length),
      "one token": "1".repeat(length),
      colons: ":".repeat(length),
      spaces: " ".repeat(length),
      dots: "1.".repeat(length / 2),
      groups: "1:".repeat(length / 2),
    }).map(([title, text]) => [`${title}, ${length / 1000 > 9 ? 16 : 8} KiB`, request("10.0.0.9", text)]),
  ),
);

/** The same for Forwarded, where elements are longer and quotes may be left open. */
export const HOSTILE_FORWARDED = Object.fromEntries(
  Object.entries({
    "all trusted": "for=10.0.0.1,",
    "all trusted, IPv6 and parameters":
      'for="[fd00:db8:a001:b0b1:c0c1:d0d1:e0e1:f0f1]:65535";proto=https;host=example.com,',
    commas: ",",
    "open quotes": 'for="',
    backslashes: '"\\',
    semicolons: "a=b;",
    "one token": "1",
  }).map(([title, text]) => {
    const { headers, ...rest } = request("10.0.0.9");
    return [
      `${title}, 16 KiB`,
      { ...rest, headers: { ...headers, forwarded: text.repeat(16_000 / text.length).replace(/,$/, "") } },
    ];
  }),
);

/** A string of its own, as the HTTP parser makes it. */
function fresh(text) {
  return Buffer.from(text).toString("latin1");
}

/** The request again and again with other client addresses. */
export function variantsOf({ headers, socket }, clientAt = (index) => `81.2.${index * 3 + 10}.142`) {
  return Array.from({ length: VARIANTS }, (_, index) => {
    const copy = { ...headers };
    for (const name of ["x-forwarded-for", "forwarded"]) {
      if (copy[name] === undefined) continue;
      const text = copy[name]
        .replaceAll(CLIENT, clientAt(index))
        .replaceAll("2a02:db9:1:", `2a02:db9:${(index + 16).toString(16)}:`);
      copy[name] = fresh(text);
    }
    const peer = fresh(socket.remoteAddress);
    return { headers: copy, socket: { remoteAddress: peer }, connection: { remoteAddress: peer } };
  });
}

export function connectionOf(peer, memory) {
  return { transport: "tcp", peer, peerPort: undefined, claims: [], certificate: undefined, memory };
}
