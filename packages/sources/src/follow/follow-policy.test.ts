import type { PolicyOptions, PolicySource } from "@wherefrom/core";
import { operatorNotices } from "@wherefrom/net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { PrefixList, Reading } from "../list/prefix-list.ts";
import { followPolicy } from "./follow-policy.ts";

interface Scripted {
  readonly list: PrefixList;
  next: () => Reading;
  readonly read: () => void;
}

/** A list whose readings the test writes. */
function scripted(first: readonly string[], changes: Partial<PrefixList> = {}): Scripted {
  let tell = (): void => {};
  const all: Scripted = {
    next: () => ({ prefixes: first, againMs: 60_000 }),
    read: () => tell(),
    list: {
      origin: "list of a test",
      bounds: { within: undefined, isPublic: false, most: 1000 },
      staleMs: 60_000,
      whenStale: "keep",
      read: () => Promise.resolve().then(() => all.next()),
      watch: (changed) => {
        tell = changed;
        return () => {};
      },
      ...changes,
    },
  };
  return all;
}

function follow(list: PrefixList): PolicySource {
  const source = followPolicy({
    lists: { a: list },
    policy: ({ a }) => ({ trust: a.prefixes, from: "x-forwarded-for" }),
    startMs: 2000,
  });
  onTestFinished(() => source.close());
  return source;
}

const tellsOf = (code: string): readonly string[] =>
  operatorNotices()
    .filter((notice) => notice.code === code)
    .map(({ detail }) => detail);

describe("a reading that is wrong leaves the last good list in force, and is told", () => {
  test.each<[string, () => Reading, RegExp]>([
    [
      "a failure",
      () => {
        throw new Error("no way there");
      },
      /no way there/,
    ],
    ["nothing", () => ({ prefixes: [], againMs: 1 }), /has no prefixes/],
    ["one wrong entry", () => ({ prefixes: ["10.0.0.2", "nonsense"], againMs: 1 }), /"nonsense"/],
    ["all addresses", () => ({ prefixes: ["0.0.0.0/0"], againMs: 1 }), /eighth of all/],
    [
      "growth",
      () => ({ prefixes: Array.from({ length: 200 }, (_, index) => `10.0.1.${index}`), againMs: 1 }),
      /grown from 1/,
    ],
  ])("%s", async (_title, next, trouble) => {
    const script = scripted(["10.0.0.1"]);
    const source = follow(script.list);
    await source.ready;
    const before = source.current;
    script.next = next;
    script.read();
    await expect.poll(() => source.status.lists["a"]?.trouble).toMatch(trouble);
    expect(source.current).toBe(before);
    expect(source.status.lists["a"]).toMatchObject({ prefixes: 1 });
    expect(tellsOf("source-failing").at(-1)).toMatch(trouble);
    script.next = () => ({ prefixes: ["10.0.0.3"], againMs: 60_000 });
    script.read();
    await expect.poll(() => source.status.lists["a"]?.trouble).toBeUndefined();
    expect(source.current).not.toBe(before);
  });

  test("what was refused is refused still where nothing has changed", async () => {
    const script = scripted(["10.0.0.1"]);
    const source = follow(script.list);
    await source.ready;
    script.next = () => ({ prefixes: ["0.0.0.0/0"], againMs: 1 });
    script.read();
    await expect.poll(() => source.status.lists["a"]?.failures).toBeGreaterThan(0);
    script.next = () => ({ prefixes: "unchanged", againMs: 1 });
    script.read();
    await expect.poll(() => source.status.lists["a"]?.failures).toBeGreaterThan(1);
    expect(source.status.lists["a"]?.trouble).toMatch(/eighth of all/);
  });
});

describe("at the start", () => {
  test("a source has an answer or refuses, with what is wrong", async () => {
    const script = scripted([]);
    const source = follow(script.list);
    await expect(source.ready).rejects.toThrow(/lists are missing: list of a test: it has no prefixes/);
    expect(source.status.state).toBe("closed");
    expect(() => source.current).toThrow(/has no policy yet/);
  });

  test("a policy that does not compile is told at once", async () => {
    const source = followPolicy({
      lists: { a: scripted(["10.0.0.1"]).list },
      policy: ({ a }) => ({ trust: a.prefixes, from: "xff" as never }),
    });
    await expect(source.ready).rejects.toThrow(`write "x-forwarded-for"`);
  });

  test("without lists the policy is in force", async () => {
    const source = followPolicy({ lists: {}, policy: () => ({ trust: [] }) });
    onTestFinished(() => source.close());
    await source.ready;
    expect(source.status).toEqual({ state: "fresh", swaps: 0, lists: {} });
  });
});

describe("a list that is older than its stated age", () => {
  test("is stale, is told, and stays", async () => {
    const script = scripted(["10.0.0.1"], { staleMs: 50, origin: "list that stays" });
    const source = follow(script.list);
    await source.ready;
    await expect.poll(() => source.status.state).toBe("stale");
    expect(source.current.peers).toBeDefined();
    expect(source.status.lists["a"]?.prefixes).toBe(1);
    expect(tellsOf("source-stale").at(-1)).toMatch(
      /list that stays was not read for 0\.05 s: its last good prefixes are still believed/,
    );
  });

  test("is withdrawn where others may have its addresses by then", async () => {
    const script = scripted(["10.0.0.1"], { staleMs: 50, whenStale: "withdraw" });
    const source = follow(script.list);
    await source.ready;
    await expect.poll(() => source.status.swaps).toBe(1);
    expect(source.current.rules).toHaveLength(1);
    expect(source.status.lists["a"]).toMatchObject({ prefixes: 0, isStale: true });
  });

  test("is withdrawn where the policy does not compile without it, too: then no machine is believed", async () => {
    const script = scripted(["10.0.0.1"], { staleMs: 50, whenStale: "withdraw" });
    const source = followPolicy({
      lists: { a: script.list },
      policy: ({ a }) => ({ hops: 1, peers: a.prefixes, from: "x-forwarded-for" }),
    });
    onTestFinished(() => source.close());
    await source.ready;
    await expect.poll(() => source.status.swaps).toBe(1);
    expect(source.current.rules).toHaveLength(1);
  });
});

describe("the container's gateway", () => {
  const gateway = (): PrefixList => scripted(["172.17.0.1"], { isGateway: true }).list;

  test.each<[PolicyOptions]>([
    [{ trust: ["172.16.0.0/12"], from: "x-forwarded-for" }],
    [{ hops: 1, peers: ["private"], from: "x-forwarded-for" }],
    [{ rules: [{ peers: ["172.17.0.1", "unix"], says: "x-real-ip" }] }],
  ])("is believed by no rule without originIsPrivate: %j", async (options) => {
    const source = followPolicy({ lists: { gateway: gateway() }, policy: () => options as never });
    await expect(source.ready).rejects.toThrow(/gateway of this container.*originIsPrivate: true/);
  });

  test.each<[PolicyOptions]>([
    [{ trust: ["172.16.0.0/12"], from: "x-forwarded-for", originIsPrivate: true }],
    [{ trust: ["10.0.0.0/8"], from: "x-forwarded-for", infrastructure: ["172.17.0.1"] }],
  ])("may be infrastructure, or believed where only your own proxy can reach the port: %j", async (options) => {
    const source = followPolicy({ lists: { gateway: gateway() }, policy: () => options });
    onTestFinished(() => source.close());
    await source.ready;
    expect(source.status.state).toBe("fresh");
  });
});
