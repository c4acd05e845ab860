import { drawAddress, spell, withPort } from "./addresses.ts";
import type { Dice } from "./dice.ts";
import type { Line } from "./request.ts";
import { saidHeaders, type Site } from "./site.ts";

/** What an attacker knows: all but the secret. */
export interface Scene {
  readonly dice: Dice;
  readonly site: Site;
  /** Whether the lines go as HTTP/2 fields, which have no room for some of them. */
  readonly isHttp2: boolean;
}

const ADDRESS_HEADERS = [
  "X-Forwarded-For",
  "Forwarded",
  "X-Real-IP",
  "CF-Connecting-IP",
  "True-Client-IP",
  "X-Client-IP",
  "X-Envoy-External-Address",
  "X-Client-Address",
  "X-Client-Chain",
  "Fastly-Client-IP",
  "CloudFront-Viewer-Address",
];
const NONSENSE = [
  "unknown",
  "_hidden",
  "",
  " ",
  "localhost",
  "<script>",
  "010.0.0.1",
  "0x7f.1",
  "2130706433",
  "1:2:3",
  ":::",
  "\t",
  "0.0.0.0",
  "::",
  "127.1",
  "6.6.6.6\u00a0",
];

/** The address that the attacker would like to be: somebody else's, or a machine's that is believed. */
function wanted({ dice, site }: Scene): string {
  const machines = site.machines.map(({ address }) => address);
  return machines.length > 0 && dice.oneIn(3) ? dice.pick(machines) : drawAddress(dice, "victim", false);
}

function node(scene: Scene): string {
  const { dice } = scene;
  const address = wanted(scene);
  switch (dice.below(10)) {
    case 0:
      return withPort(address, dice.below(70_000));
    case 1:
      return `${address}%eth0`;
    case 2:
      return dice.pick(NONSENSE);
    case 3:
      return `"${address}"`;
    default:
      return spell(dice, address);
  }
}

function list(scene: Scene, count: number): string {
  return scene.dice.times(count, () => node(scene)).join(scene.dice.pick([", ", ",", " , ", ",,"]));
}

const opposite = ({ site }: Scene): string => (site.scheme === "https" ? "http" : "https");

function forwardedElement(scene: Scene): string {
  const { dice } = scene;
  const text = node(scene).replaceAll('"', "");
  const isToken = /^[\w.]+$/.test(text);
  const name = isToken ? text : `"${text.includes(":") && !text.startsWith("[") ? `[${text}]` : text}"`;
  const evil = `;proto=${opposite(scene)};host=evil.example`;
  return `for=${name}${dice.pick(["", evil, evil, ";proto=gopher", ";by=10.1.0.1", ";for=6.6.6.6"])}`;
}

/** The header that the service reads for the address, in some spelling; or another one. */
function aim({ dice, site }: Scene): string {
  const said = site.machines.flatMap((machine) => saidHeaders(machine));
  return said.length > 0 && !dice.oneIn(3) ? mixCase(dice, dice.pick(said)) : dice.pick(ADDRESS_HEADERS);
}

function mixCase(dice: Dice, name: string): string {
  return dice.pick([name, name.toUpperCase(), name.replaceAll(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase())]);
}

function value(scene: Scene, name: string): string {
  const lower = name.toLowerCase();
  if (lower === "forwarded")
    return scene.dice.times(scene.dice.between(1, 3), () => forwardedElement(scene)).join(", ");
  return lower.endsWith("for") || lower.endsWith("chain") ? list(scene, scene.dice.between(1, 5)) : node(scene);
}

const line = (scene: Scene, name = aim(scene)): Line => [name, value(scene, name)];
const lines = (scene: Scene, count: number): Line[] => scene.dice.times(count, () => line(scene));

/** Everything that a client can write into the header of a request, by the name under which it is counted. */
export const ATTACKS: Readonly<Record<string, (scene: Scene) => readonly Line[]>> = {
  "forged-address": (scene) => [line(scene)],
  "forged-vendor-headers": (scene) => ADDRESS_HEADERS.map((name): Line => [name, value(scene, name)]),
  "duplicate-lines": (scene) => {
    const name = aim(scene);
    return scene.dice.times(scene.dice.between(2, 6), (): Line => line(scene, mixCase(scene.dice, name.toLowerCase())));
  },
  "look-alikes": (scene) =>
    ["x_forwarded_for", "X_Forwarded-For", "x-real_ip", "X_REAL_IP", "x_forwarded_host"].map((name): Line => [
      name,
      node(scene),
    ]),
  "many-lines": (scene) => {
    const fill = scene.dice.times(scene.dice.pick([30, 90, 960, 990, 1000, 1030, 1100]), (index): Line => [
      "a",
      `${index % 10}`,
    ]);
    return scene.dice.oneIn(2) ? [...fill, ...lines(scene, 2)] : [...lines(scene, 2), ...fill];
  },
  "long-list": (scene) => [[aim(scene), list(scene, scene.dice.pick([33, 64, 65, 120, 300]))]],
  "long-value": (scene) => [
    [aim(scene), node(scene) + scene.dice.pick([" ", ",", "1", ":", '"', "x"]).repeat(scene.dice.between(100, 3000))],
  ],
  "only-commas": (scene) => [[aim(scene), ",".repeat(scene.dice.between(1, 100))]],
  "empty-value": (scene) => [[aim(scene), scene.dice.pick(["", " ", "\t"])]],
  "open-quote": (scene) => [
    [
      "Forwarded",
      scene.dice.pick([`for="${wanted(scene)}`, `for=6.6.6.6;host="`, 'for="\\', `for=${wanted(scene)};x="a\\"`, '"']),
    ],
  ],
  "origin-headers": (scene) => {
    const scheme = opposite(scene);
    const flag = scheme === "https" ? "on" : "off";
    const all: readonly Line[] = [
      [
        "X-Forwarded-Proto",
        scene.dice.pick([scheme, scheme.toUpperCase(), `${scheme}, ${scheme}`, "gopher", `${scheme},`]),
      ],
      ["X-Forwarded-Host", scene.dice.pick(["evil.example", "evil.example, evil.example", "evil.example:1337"])],
      ["X-Forwarded-Port", scene.dice.pick(["1337", "1337, 1337"])],
      ["X-Forwarded-Ssl", flag],
      ["Front-End-Https", flag],
      ["CloudFront-Forwarded-Proto", scheme],
      ["X-Forwarded-Scheme", scheme],
    ];
    return all.filter(() => !scene.dice.oneIn(3));
  },
  "connection-strips": ({ dice, site }) => {
    const names = [...site.machines.flatMap((machine) => saidHeaders(machine)), "x-forwarded-for", "x-forwarded-proto"];
    if (site.secret !== undefined && dice.oneIn(3)) names.push(site.secret.header);
    return [["Connection", names.map((name) => mixCase(dice, name)).join(", ")]];
  },
  "guessed-secret": ({ dice, site }) =>
    dice.times(dice.between(1, 3), (): Line => [
      site.secret?.header ?? "x-origin-secret",
      dice.pick(["correct horsf", "", "the one of", "correct", "*"]),
    ]),
  "inherited-names": (scene) =>
    ["constructor", "__proto__", "toString", "hasOwnProperty"].map((name): Line => [name, node(scene)]),
  "odd-bytes": (scene) => [
    [aim(scene), `${node(scene)}${scene.dice.pick(["\u00ff", "\u00a0", "\t", "\u0080", ";", "\\"])}${node(scene)}`],
  ],
};

/** What a client can do that is no header line. */
export const OTHER_ATTACKS = [
  "obs-fold",
  "trailers",
  "absolute-form",
  "http-1.0",
  "http-2",
  "http-2.0 over http-1",
  "host-garbage",
  "two-hosts",
  "no-host",
  "forged-proxy-header",
  "forged-options",
  "none",
] as const;

export { line as forgedLine };
