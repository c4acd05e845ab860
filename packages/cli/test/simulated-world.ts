import type { IncomingMessage } from "node:http";
import { compilePolicy, type PolicyOptions, resolve } from "@wherefrom/core";
import { readAnswer } from "../src/doctor/probing/answer-reading.ts";
import type { HeaderLine, Sighting } from "../src/doctor/evidence/sighting.ts";

/** What a machine of a world does with each header. */
export interface SimulatedMachine {
  readonly address: string;
  readonly xff: "append" | "line" | "overwrite" | "pass" | "if-absent" | "drop" | "self" | "port" | "believe";
  readonly xri: "pass" | "set" | "if-absent" | "drop" | "add" | "left";
  readonly forwarded: "pass" | "drop" | "append" | "set";
  readonly cf: "pass" | "set" | "drop";
}

/** A made-up site: every machine, every client, and the policy in force. */
export interface SimulatedWorld {
  readonly chains: readonly (readonly SimulatedMachine[])[];
  /** Set where a NAT replaces every client's address. */
  readonly nat: string | undefined;
  /** The first is where the doctor runs. */
  readonly clients: readonly string[];
  readonly policy: PolicyOptions;
}

export const EDGE = "45.67.8.1";
const LIE = "7.7.7.7";

/** Numbers from a seed, the same on every machine. */
export class Dice {
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  /** From 0, 1 not included. */
  next(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed / 2 ** 32;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.next() * items.length)] as Item;
  }

  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const names = Object.keys(weights) as Name[];
    let left = this.next() * names.reduce((sum, name) => sum + weights[name], 0);
    return names.find((name) => (left -= weights[name]) < 0) ?? (names[0] as Name);
  }
}

function drawMachine(dice: Dice, index: number): SimulatedMachine {
  const xff = {
    append: 6,
    line: 2,
    overwrite: 2,
    pass: 2,
    "if-absent": 1,
    drop: 1,
    self: 0.7,
    port: 0.7,
    believe: 0.5,
  };
  return {
    address: `10.0.1.${10 + index}`,
    xff: dice.weighted(xff),
    xri: dice.weighted({ pass: 4, set: 4, "if-absent": 1, drop: 1, add: 0.5, left: 0.5 }),
    forwarded: dice.weighted({ pass: 6, drop: 1, append: 1, set: 0.5 }),
    cf: dice.weighted({ pass: 8, set: 1, drop: 1 }),
  };
}

export function drawWorld(seed: number): SimulatedWorld {
  const dice = new Dice(seed);
  for (let count = 0; count < 3; count++) dice.next();
  const chains = [Array.from({ length: dice.pick([1, 1, 2, 2, 3]) }, (_, index) => drawMachine(dice, index))];
  if (dice.next() < 0.15) {
    chains.push(Array.from({ length: dice.pick([1, 2]) }, (_, index) => drawMachine(dice, index + 5)));
  }
  const nat = dice.next() < 0.08 ? "10.0.0.1" : undefined;
  const isInner = dice.next() < 0.1;
  const all = chains.flat().map(({ address }) => address);
  const nearest = [...new Set(chains.map((chain) => (chain.at(-1) as SimulatedMachine).address))];
  const trusts = {
    exact: all,
    peer: nearest,
    subnet: ["10.0.1.0/24"],
    wide: ["private"],
    world: ["0.0.0.0/0", "::/0"],
    wrong: ["127.0.0.1"],
  };
  const trust = dice.weighted({ exact: 5, peer: 3, subnet: 3, wide: 1, world: 0.7, wrong: 1 });
  const from = dice.weighted({ "x-forwarded-for": 6, "x-real-ip": 3, forwarded: 1, "cf-connecting-ip": 1 });
  const open = trust === "world" ? { originIsPrivate: true } : {};
  const draw = (): object => {
    if (dice.next() < 0.08) return { trust: [] };
    const isCounted = from === "x-forwarded-for" && dice.next() < 0.25;
    return isCounted
      ? { hops: dice.pick([1, 2, 3]), peers: trusts[trust], from, ...open }
      : { trust: trusts[trust], from, ...open };
  };
  return {
    chains,
    nat,
    clients: isInner ? ["10.9.0.5", "10.9.0.6", "10.8.0.7"] : ["81.2.69.142", "81.2.69.160", "9.9.9.10"],
    policy: draw() as PolicyOptions,
  };
}

/** Header lines as a machine passes them on. */
function through(
  machine: SimulatedMachine,
  lines: readonly HeaderLine[],
  peer: string,
  isFirst: boolean,
): HeaderLine[] {
  let headers = [...lines];
  const valuesOf = (name: string): string[] =>
    headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
  const remove = (name: string): void => void (headers = headers.filter(([each]) => each.toLowerCase() !== name));
  const put = (name: string, value: string): void => {
    remove(name);
    headers.push([name, value]);
  };
  const xff = valuesOf("x-forwarded-for");
  const left = xff.join(", ").split(",")[0]?.trim() ?? "";
  const seen = machine.xff === "believe" && left !== "" ? left : peer;
  const habits: Readonly<Record<SimulatedMachine["xff"], () => void>> = {
    append: () => put("x-forwarded-for", [...xff, peer].join(", ")),
    line: () => void headers.push(["x-forwarded-for", peer]),
    overwrite: () => put("x-forwarded-for", peer),
    pass: () => {},
    "if-absent": () => (xff.length === 0 ? put("x-forwarded-for", peer) : undefined),
    drop: () => remove("x-forwarded-for"),
    self: () => put("x-forwarded-for", [...xff, peer, isFirst ? EDGE : machine.address].join(", ")),
    port: () => put("x-forwarded-for", [...xff, `${peer}:40123`].join(", ")),
    believe: () => put("x-forwarded-for", [...xff, seen].join(", ")),
  };
  habits[machine.xff]();
  const xri = valuesOf("x-real-ip");
  if (machine.xri === "set") put("x-real-ip", seen);
  else if (machine.xri === "if-absent" && xri.length === 0) put("x-real-ip", peer);
  else if (machine.xri === "drop") remove("x-real-ip");
  else if (machine.xri === "add") headers.push(["x-real-ip", peer]);
  else if (machine.xri === "left") put("x-real-ip", left === "" ? peer : left);
  const forwarded = valuesOf("forwarded");
  if (machine.forwarded === "drop") remove("forwarded");
  else if (machine.forwarded === "append") put("forwarded", [...forwarded, `for=${peer}`].join(", "));
  else if (machine.forwarded === "set") put("forwarded", `for=${peer}`);
  if (machine.cf === "set") put("cf-connecting-ip", seen);
  else if (machine.cf === "drop") remove("cf-connecting-ip");
  for (const name of ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"]) remove(name);
  return headers;
}

/** What the service receives of a request over one chain. */
export function travel(
  { nat }: SimulatedWorld,
  chain: readonly SimulatedMachine[],
  client: string,
  sent: readonly HeaderLine[],
): { readonly peer: string; readonly lines: readonly HeaderLine[] } {
  let lines = sent.filter(([name]) => name.toLowerCase() !== "connection");
  let peer = nat ?? client;
  for (const [index, machine] of chain.entries()) {
    lines = through(machine, lines, peer, index === 0);
    peer = machine.address;
  }
  return { peer, lines };
}

type Received = ReturnType<typeof travel>;

function evidenceOf({ peer, lines }: Received): Parameters<typeof resolve>[0] {
  return {
    connection: { transport: "tcp", peer, peerPort: 1234, claims: [] },
    headers: joined(lines),
    rawHeaders: lines.flat(),
  };
}

function joined(lines: readonly HeaderLine[]): Record<string, string> {
  const headers: NonNullable<IncomingMessage["headersDistinct"]> = {};
  for (const [name, value] of lines) (headers[name.toLowerCase()] ??= []).push(value);
  return Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, (values ?? []).join(", ")]));
}

/** What the doctor of the world's service answers, read as the command reads it. */
export function sightingOf(world: SimulatedWorld, received: Received): Sighting {
  const { peer, lines } = received;
  const resolution = JSON.parse(JSON.stringify(resolve(evidenceOf(received), compilePolicy(world.policy)))) as object;
  const told = lines.filter(([name]) => !/^(?:wf\d+|a)$/.test(name));
  const answer = {
    v: 1,
    id: "simulated",
    connection: 1,
    lines: lines.length,
    http: "1.1",
    transport: "tcp",
    peer,
    peerPort: 1234,
    claims: [],
    headers: told,
    read: joined(told),
    names: [],
    resolution,
    server: { policy: world.policy, options: {}, maxHeaderSize: 16_384, isTls: false },
    self: { v: 1, gateways: ["10.0.1.1"], interfaces: [], notices: [] },
  };
  return readAnswer(JSON.stringify(answer)) as Sighting;
}

/** What honest clients and liars send. */
function attacksOn(world: SimulatedWorld): readonly (readonly HeaderLine[])[] {
  const machines = world.chains.flat().map(({ address }) => address);
  const all: readonly HeaderLine[] = [
    ["X-Forwarded-For", LIE],
    ["X-Real-IP", LIE],
    ["Forwarded", `for=${LIE}`],
    ["CF-Connecting-IP", LIE],
  ];
  return [
    [],
    ...all.map((line) => [line]),
    [["X-Forwarded-For", `${LIE}, ${LIE}`]],
    [
      ["X-Forwarded-For", LIE],
      ["X-Forwarded-For", LIE],
    ],
    all,
    ...[...machines, EDGE].flatMap((machine): readonly (readonly HeaderLine[])[] => [
      [["X-Forwarded-For", `${LIE}, ${machine}`]],
      [
        ["X-Forwarded-For", LIE],
        ["X-Forwarded-For", machine],
      ],
      [["Forwarded", `for=${LIE}, for=${machine}`]],
    ]),
  ];
}

/** "forged": a liar is taken for what it made up. "wrong": a client is another machine. "unknown": an honest client is unknown. "hidden": a liar makes itself unknown. */
export type Fault = "forged" | "wrong" | "unknown" | "hidden";

/** What goes wrong under a policy, for every client on every chain. */
export function faultsOf(world: SimulatedWorld, options: PolicyOptions): ReadonlySet<Fault> {
  const policy = compilePolicy(options);
  const faults = new Set<Fault>();
  for (const client of world.clients) {
    for (const chain of world.chains) {
      for (const lines of attacksOn(world)) {
        const { client: found, nearest } = resolve(evidenceOf(travel(world, chain, client, lines)), policy);
        if (found?.address === client) continue;
        if ((found ?? nearest)?.address === LIE) faults.add("forged");
        else if (found !== undefined) faults.add("wrong");
        else faults.add(lines.length === 0 ? "unknown" : "hidden");
      }
    }
  }
  return faults;
}
