import { randomBytes } from "node:crypto";
import type { RequestLike } from "@wherefrom/net";
import { describe, expect, test } from "vitest";
import { deriveKeys } from "../protocol/keys.ts";
import { makeProof, newProbeId, PROOF_WINDOW_MS } from "../protocol/proof.ts";
import { IDS_LIMIT, ProbeGuard, RATE_BURST, RATE_PER_SECOND } from "./probe-guard.ts";

const keys = deriveKeys("0123456789abcdef");
const START = 1_796_104_823_770;

/** A guard with a clock that a test sets. */
function guarded(): { guard: ProbeGuard; clock: { now: number } } {
  const clock = { now: START };
  return { guard: new ProbeGuard(keys, () => clock.now), clock };
}

function request(rawHeaders: readonly string[], url = "/"): RequestLike {
  return { rawHeaders, url, headers: {}, socket: { remoteAddress: undefined } };
}

function probe(at: number, id = newProbeId()): RequestLike {
  return request(["Host", "x", "X-Wherefrom-Probe", makeProof(keys, id, at)]);
}

test("a request with a proof is a probe: in the header, or in the query", () => {
  const { guard } = guarded();
  expect(guard.verify(probe(START, "0a1b2c3d4e5f"))).toEqual({ id: "0a1b2c3d4e5f", againMs: 0 });
  for (const url of ["/?wf=PROOF", "/a/b?x=1&wf=PROOF", "/?wf=PROOF&x=1", "/?wf=PROOF#x"]) {
    const id = newProbeId();
    expect(guard.verify(request([], url.replace("PROOF", makeProof(keys, id, START))))?.id).toBe(id);
  }
});

test("a request without a proof is none, and its headers are not read", () => {
  const { guard } = guarded();
  const plain = request(["Host", "x", "X-Forwarded-For", "203.0.113.7"], "/?a=1&wfx=1&w=f");
  Object.defineProperty(plain, "headers", { get: () => expect.unreachable("headers were read") });
  expect(guard.verify(plain)).toBeUndefined();
});

test("the same request is answered the same, however often it is asked about", () => {
  const { guard } = guarded();
  const asked = probe(START);
  const first = guard.verify(asked);
  expect(first).toBeDefined();
  expect([guard.verify(asked), guard.verify(asked)]).toEqual([first, first]);
  const wrong = request(["X-Wherefrom-Probe", "1.2.3.4"]);
  expect([guard.verify(wrong), guard.verify(wrong)]).toEqual([undefined, undefined]);
});

describe("a proof is good once", () => {
  test("another request with it is no probe, whichever way it brings it", () => {
    const { guard } = guarded();
    const proof = makeProof(keys, newProbeId(), START);
    expect(guard.verify(request(["X-Wherefrom-Probe", proof]))).toBeDefined();
    expect(guard.verify(request(["X-Wherefrom-Probe", proof]))).toBeUndefined();
    expect(guard.verify(request([], `/?wf=${proof}`))).toBeUndefined();
  });

  test("another proof with its id is none either", () => {
    const { guard } = guarded();
    const id = newProbeId();
    expect(guard.verify(probe(START, id))).toBeDefined();
    expect(guard.verify(probe(START + 1, id))).toBeUndefined();
  });

  test.each([0, 30_000, 60_000, 60_001, 119_999, 120_000, 120_001, 3_600_000])(
    "a replay %o ms later is no probe, wherever the clocks stood when it was made",
    (later) => {
      for (const skew of [-PROOF_WINDOW_MS, 0, PROOF_WINDOW_MS]) {
        const { guard, clock } = guarded();
        const proof = makeProof(keys, newProbeId(), START + skew);
        expect(guard.verify(request(["X-Wherefrom-Probe", proof]))).toBeDefined();
        clock.now += later;
        // What was forgotten is forgotten by now.
        guard.verify(probe(clock.now));
        expect(guard.verify(request(["X-Wherefrom-Probe", proof]))).toBeUndefined();
      }
    },
  );

  test("a clock that is set back makes no old proof good again", () => {
    const { guard, clock } = guarded();
    const proof = makeProof(keys, newProbeId(), START);
    expect(guard.verify(request(["X-Wherefrom-Probe", proof]))).toBeDefined();
    clock.now += 3_600_000;
    expect(guard.verify(probe(clock.now))).toBeDefined();
    clock.now = START;
    expect(guard.verify(request(["X-Wherefrom-Probe", proof]))).toBeUndefined();
  });
});

test.each([
  ["a minute ahead", PROOF_WINDOW_MS, true],
  ["a minute behind", -PROOF_WINDOW_MS, true],
  ["more than a minute ahead", PROOF_WINDOW_MS + 1, false],
  ["more than a minute behind", -PROOF_WINDOW_MS - 1, false],
  ["a year ahead", 31_536_000_000, false],
])("a prober whose clock is %s (%o ms): answered %s", (_title, skew, isGood) => {
  expect(guarded().guard.verify(probe(START + skew)) !== undefined).toBe(isGood);
});

test("a thousand wrong proofs use up nothing", () => {
  const { guard } = guarded();
  for (let index = 0; index < 1000; index++) {
    const other = deriveKeys(randomBytes(16).toString("hex"));
    expect(guard.verify(request(["X-Wherefrom-Probe", makeProof(other, newProbeId(), START)]))).toBeUndefined();
  }
  expect(guard.verify(probe(START))).toMatchObject({ againMs: 0 });
});

test("the burst is answered at once, then so many a second", () => {
  const { guard, clock } = guarded();
  const answered = (count: number): number =>
    Array.from({ length: count }, () => guard.verify(probe(clock.now))).filter((each) => each?.againMs === 0).length;
  expect(answered(RATE_BURST + 100)).toBe(RATE_BURST);
  expect(guard.verify(probe(clock.now))).toMatchObject({ againMs: 1000 / RATE_PER_SECOND });
  clock.now += 1000;
  expect(answered(100)).toBe(RATE_PER_SECOND);
  clock.now += 1000 / RATE_PER_SECOND;
  expect(answered(100)).toBe(1);
  clock.now -= 3_600_000;
  expect(answered(100)).toBe(0);
});

test("so many ids are remembered, and behind them no proof is good until one is not fresh any more", () => {
  const { guard, clock } = guarded();
  for (let index = 0; index < IDS_LIMIT; index++) expect(guard.verify(probe(clock.now))).toBeDefined();
  expect(guard.verify(probe(clock.now))).toBeUndefined();
  clock.now += PROOF_WINDOW_MS + 1;
  expect(guard.verify(probe(clock.now))).toBeDefined();
});
