import { expectTypeOf, test } from "vitest";
import type { ConnectionClaim, Distrust, Hop, Stop, Verdict } from "./claim.ts";
import type { ConnectionMethod, DatagramPrefixMethod, Method, StreamMethod, StreamPrefixMethod } from "./method.ts";
import type { Endpoint } from "../address/endpoint.ts";
import type { Resolution } from "../resolution/resolution.ts";

test("a verdict narrows by `trusted`: a rule where it is believed, a reason where it is not", () => {
  const verdict = {} as Verdict;
  if (verdict.trusted) {
    expectTypeOf(verdict.rule).toEqualTypeOf<string>();
    // @ts-expect-error -- a believed machine has no reason
    expectTypeOf(verdict.reason);
  } else {
    expectTypeOf(verdict.reason).toEqualTypeOf<Distrust>();
    // @ts-expect-error -- a machine that is not believed has no rule
    expectTypeOf(verdict.rule);
  }
  expectTypeOf(verdict.forgeable).toEqualTypeOf<true | undefined>();
});

test("stops are a closed set: a switch over them needs no default", () => {
  function describe(stop: Stop): string {
    switch (stop) {
      case "untrusted-hop":
      case "path-exhausted":
        return "proven";
      case "carrier-absent":
      case "headers-cut":
      case "malformed-hop":
      case "anonymous-hop":
      case "conflict":
      case "hop-limit":
      case "address-lost":
      case "self":
      case "no-peer":
        return "unknown";
    }
  }
  expectTypeOf(describe).returns.toEqualTypeOf<string>();
  const stop = "conflict" as Stop;
  // @ts-expect-error -- with one stop handled, nine are left
  if (stop !== "untrusted-hop") stop satisfies never;
});

test("methods are a closed set", () => {
  expectTypeOf<Method>().toEqualTypeOf<
    "socket" | "toa" | "proxy-protocol" | "udp-option" | "spp" | "forwarded" | "x-forwarded-for" | "single-header"
  >();
  expectTypeOf<ConnectionMethod>().toEqualTypeOf<"toa" | "proxy-protocol" | "udp-option" | "spp">();
  expectTypeOf<StreamMethod>().toEqualTypeOf<"toa" | "proxy-protocol">();
  expectTypeOf<StreamPrefixMethod>().toEqualTypeOf<"proxy-protocol">();
  expectTypeOf<DatagramPrefixMethod>().toEqualTypeOf<"proxy-protocol" | "spp">();
  expectTypeOf<ConnectionClaim["says"]>().toEqualTypeOf<"address" | "self" | "unknown" | "malformed">();
});

test("a client may be absent, and its type says so", () => {
  expectTypeOf<Resolution["client"]>().toEqualTypeOf<Endpoint | undefined>();
  const resolution = {} as Resolution;
  // @ts-expect-error -- nobody may read the address of an absent client
  expectTypeOf(resolution.client.address);
  // @ts-expect-error -- an answer does not change
  resolution.client = undefined;
  expectTypeOf(resolution.hops).toEqualTypeOf<readonly Hop[]>();
  // @ts-expect-error -- and neither does its proof
  resolution.hops.push({} as Hop);
});
