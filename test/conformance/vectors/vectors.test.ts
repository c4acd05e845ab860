import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as core from "@wherefrom/core";
import { expect, test } from "vitest";
import { HeaderWire } from "./header-wire.mjs";
import { type Judgement, judge } from "./judge.mjs";
import { readVectors, type Vector } from "./vector.mjs";

interface Listed {
  readonly id: string;
  readonly reason: string;
}

const directory = join(import.meta.dirname, "../../vectors");
const listed: Record<"deviations" | "coincidences", readonly Listed[]> = JSON.parse(
  readFileSync(join(directory, "deviations.json"), "utf8"),
);
const rows = readVectors(join(directory, "http.jsonl"));
const listedIds = new Set(Object.values(listed).flatMap((list) => list.map(({ id }) => id)));
const wire = new HeaderWire();

function ofKinds(...kinds: readonly string[]): readonly Vector[] {
  return rows.filter(({ kind }) => kinds.includes(kind));
}

function rowOf(id: string): Vector {
  return rows.find((row) => row.id === id)!;
}

function titled(list: readonly Vector[]): [string, Vector][] {
  return list
    .filter(({ id }) => !listedIds.has(id))
    .map((row) => [`${row.id}: ${row.note ?? row.source ?? row.kind}`.slice(0, 120), row]);
}

function answerOf({ resolution }: Judgement): string | undefined {
  return (resolution?.client ?? resolution?.nearest)?.address;
}

test.each(titled(ofKinds("standard", "security")))("answers as expected: %s", async (_, row) => {
  expect(await judge(row, wire)).toMatchObject({ verdict: "passed", reason: "" });
});

test.each(titled(ofKinds("config-error")))("is refused at start-up: %s", async (_, row) => {
  expect(await judge(row, wire)).toMatchObject({ verdict: "passed", reason: "" });
});

test.each(titled(ofKinds("quirk")))("is not followed: %s", async (_, row) => {
  const judgement = await judge(row, wire);
  expect(judgement).toMatchObject({ verdict: "passed", reason: "" });
  expect(answerOf(judgement) ?? null).not.toBe(row.expect);
});

test("no id stands twice, in the vectors or in the list", () => {
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  expect(listedIds.size).toBe(Object.values(listed).flat().length);
});

test.each(listed.deviations)("$id deviates: $reason", async ({ id, reason }) => {
  const row = rowOf(id);
  expect(["standard", "security"]).toContain(row.kind);
  const judgement = await judge(row, wire);
  expect(judgement.verdict).toBe("skipped");
  expect(judgement.deviation ?? judgement.reason).toBe(reason);
  // A refused policy and a strategy that no policy can say answer nothing at all.
  const answer = judgement.resolution === undefined ? "none" : (answerOf(judgement) ?? null);
  expect(answer).not.toBe(row.expect);
});

test("a row whose prefix is refused is answered as it expects once the prefix is written as suggested", async () => {
  const refused = listed.deviations.filter(({ reason }) => reason.includes("refused at start-up, with a suggestion"));
  expect(refused.length).toBeGreaterThan(0);
  for (const row of refused.map(({ id }) => rowOf(id))) {
    const respelt = { ...row, trusted: row.trusted!.map(respell) };
    expect(await judge(respelt, wire)).toMatchObject({ id: row.id, verdict: "passed" });
  }
});

/** The prefix that the refusal suggests. */
function respell(prefix: string): string {
  try {
    core.compilePolicy({ trust: [prefix], from: "x-forwarded-for" });
    return prefix;
  } catch (error) {
    return /did you mean "([^"]+)"/.exec((error as Error).message)![1]!;
  }
}

test.each(listed.coincidences)("$id $reason", async ({ id, reason }) => {
  const row = rowOf(id);
  expect(row.kind).toBe("quirk");
  const judgement = await judge(row, wire);
  expect(judgement).toMatchObject({ verdict: "skipped", reason });
  expect(judgement.resolution!.hops).toHaveLength(1);
});

test("no row that peers answer in their own ways is answered with an address that an unbelieved machine sent", async () => {
  let answered = 0;
  for (const row of ofKinds("peer-specific")) {
    const { verdict, resolution } = await judge(row, wire);
    expect(verdict).not.toBe("failed");
    if (resolution === undefined) continue;
    answered++;
    // Every hop but the last was believed.
    expect(resolution.hops.slice(0, -1).every((hop) => hop.verdict.trusted)).toBe(true);
  }
  expect(answered).toBeGreaterThan(150);
});
