import { compilePolicy, type Resolution, resolve } from "@wherefrom/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ClientEvent, subscribe } from "./audit-event.ts";
import { distanceKm } from "./distance.ts";
import { LoginGuard, type LoginGuardOptions } from "./login-guard.ts";
import type { Place } from "./place.ts";

const HOUR_MS = 3_600_000;
const PLACES: Readonly<Record<string, Place>> = {
  "192.0.2.1": { country: "DE", asn: 64500, latitude: 52.52, longitude: 13.405 },
  "192.0.2.2": { country: "DE", asn: 64501, latitude: 48.137, longitude: 11.575, radiusKm: 20 },
  "198.51.100.1": { country: "JP", asn: 64502, latitude: 35.682, longitude: 139.692, radiusKm: 100 },
  "203.0.113.1": { country: "DE" },
};

const open = compilePolicy({ trust: [] });
const proxied = compilePolicy({ trust: ["192.0.2.1"], from: "x-forwarded-for" });
const from = (peer: string, policy = open): Resolution =>
  resolve({ connection: { transport: "tcp", peer, peerPort: 1, claims: [] } }, policy);

interface Site {
  readonly guard: LoginGuard;
  readonly login: (user: string, address: string, hour: number, success?: boolean) => readonly string[];
}

function site(options: Partial<LoginGuardOptions> = {}): Site {
  let time = 0;
  const guard = new LoginGuard({ locate: (address) => PLACES[address], now: () => time, ...options });
  return {
    guard,
    login: (user, address, hour, success = true) => {
      time = hour * HOUR_MS;
      return guard.check({ user: { id: user }, resolution: from(address), success }).map(({ alarm }) => alarm);
    },
  };
}

describe("an alarm", () => {
  test("is not given for a user's first login", () => {
    expect(site().login("eve", "198.51.100.1", 0)).toEqual([]);
  });

  test("is given once for a new country and a new system", () => {
    const { login } = site();
    login("eve", "192.0.2.1", 0);
    expect(login("eve", "198.51.100.1", 100)).toEqual(["new-country", "new-asn"]);
    expect(login("eve", "198.51.100.1", 200)).toEqual([]);
  });

  test("for a journey has its numbers, less what the coordinates may be off", () => {
    let time = 0;
    const guard = new LoginGuard({ locate: (address) => PLACES[address], now: () => time });
    guard.check({ user: { id: "eve" }, resolution: from("192.0.2.2"), success: true });
    time = 2 * HOUR_MS;
    const findings = guard.check({ user: { id: "eve" }, resolution: from("198.51.100.1"), success: true });
    const whole = distanceKm(PLACES["192.0.2.2"]!, PLACES["198.51.100.1"]!)!;
    expect(findings.find(({ alarm }) => alarm === "impossible-travel")?.numbers).toEqual({
      km: Math.round(whole - 120),
      minutes: 120,
      kmPerHour: Math.round((whole - 120) / 2),
    });
  });

  test.each<[title: string, first: string, second: string, hours: number, isAlarm: boolean]>([
    ["an hour from Munich to Berlin is near enough", "192.0.2.2", "192.0.2.1", 0, false],
    ["half a day to Tokyo is a flight", "192.0.2.1", "198.51.100.1", 13, false],
    ["two hours to Tokyo are none", "192.0.2.1", "198.51.100.1", 2, true],
    ["no time at all is none", "192.0.2.1", "198.51.100.1", 0, true],
    ["a clock that goes back makes no journey", "192.0.2.1", "198.51.100.1", -5, false],
    ["a place without coordinates is no destination", "192.0.2.1", "203.0.113.1", 0, false],
  ])("%s", (_, first, second, hours, isAlarm) => {
    const { login } = site();
    login("eve", first, 10);
    expect(login("eve", second, 10 + hours).includes("impossible-travel")).toBe(isAlarm);
  });

  test("is given when many users come from one network, once for each new one", () => {
    const { login } = site({ sharedUsers: 3 });
    const alarms = ["a", "b", "c", "d", "d", "e"].map((user) => login(user, "203.0.113.1", 0, false));
    expect(alarms).toEqual([[], [], [], ["shared-source"], [], ["shared-source"]]);
    expect(login("f", "203.0.113.1", 2, false)).toEqual([]);
  });
});

describe("nothing is learnt", () => {
  test("from a failed attempt", () => {
    const { login } = site();
    login("eve", "192.0.2.1", 0);
    expect(login("eve", "198.51.100.1", 50, false)).toEqual([]);
    expect(login("eve", "198.51.100.1", 100)).toEqual(["new-country", "new-asn"]);
  });

  test("from a client that is not proven, and nobody is alarmed by it", () => {
    const { guard, login } = site();
    login("eve", "192.0.2.1", 0);
    const unknown = resolve(
      {
        connection: { transport: "tcp", peer: "192.0.2.1", peerPort: 1, claims: [] },
        headers: { "x-forwarded-for": "x" },
      },
      proxied,
    );
    expect(unknown.nearest?.address).toBe("192.0.2.1");
    expect(guard.check({ user: { id: "eve" }, resolution: unknown, success: true })).toEqual([]);
  });

  test("from an address without a place", () => {
    const { login } = site();
    login("eve", "192.0.2.1", 0);
    expect(login("eve", "192.0.2.77", 1)).toEqual([]);
  });

  test("that the limit does not allow: who was silent longest is forgotten", () => {
    const { login } = site({ limit: 2 });
    for (const user of ["a", "b", "c"]) login(user, "192.0.2.1", 0);
    expect(login("a", "198.51.100.1", 100)).toEqual([]);
    expect(login("c", "198.51.100.1", 100)).toEqual(["new-country", "new-asn"]);
  });
});

test("every login is published, and every finding", () => {
  const heard: ClientEvent[] = [];
  onTestFinished(subscribe(["login.location", "login.anomaly"], (event) => heard.push(event)));
  const { login } = site();
  login("eve", "192.0.2.1", 0);
  login("eve", "198.51.100.1", 100);
  login("eve", "192.0.2.99", 101, false);
  expect(heard.map(({ name, reason, outcome, numbers }) => [name, reason ?? outcome, numbers?.["country"]])).toEqual([
    ["login.location", "success", "DE"],
    ["login.location", "success", "JP"],
    ["login.anomaly", "new-country", "JP"],
    ["login.anomaly", "new-asn", undefined],
    ["login.location", "failure", undefined],
  ]);
});

test("distances are those of the great circle", () => {
  expect(distanceKm({ latitude: 52.52, longitude: 13.405 }, { latitude: 35.682, longitude: 139.692 })).toBeCloseTo(
    8918,
    -1.5,
  );
  expect(distanceKm({ latitude: 0, longitude: 179.9 }, { latitude: 0, longitude: -179.9 })).toBeCloseTo(22.2, 1);
  expect(distanceKm({ latitude: 90, longitude: 0 }, { latitude: -90, longitude: 77 })).toBeCloseTo(20015, 0);
  expect(distanceKm({}, { latitude: 0, longitude: 0 })).toBeUndefined();
  expect(distanceKm({ latitude: 0, longitude: 0 }, { latitude: Number.NaN, longitude: 0 })).toBeUndefined();
});

describe("bad input", () => {
  test.each([Number.NaN, Infinity, -1e300, 8.7e15])(
    "a clock that says %d is no time, and makes no journey and no error",
    (clock) => {
      const heard: ClientEvent[] = [];
      onTestFinished(subscribe(["login.location"], (event) => heard.push(event)));
      let time = 0;
      const guard = new LoginGuard({ locate: (address) => PLACES[address], now: () => time });
      const check = (address: string): readonly string[] =>
        guard.check({ user: { id: "eve" }, resolution: from(address), success: true }).map(({ alarm }) => alarm);
      check("192.0.2.1");
      time = clock;
      expect(check("192.0.2.1")).toEqual([]);
      time = 0;
      expect(check("198.51.100.1")).toEqual(["new-country", "new-asn"]);
      for (const event of heard) expect(() => event.time.toISOString()).not.toThrow();
    },
  );

  test("a clock that was in the year 2099 heals", () => {
    const { login } = site({ sharedUsers: 1 });
    login("eve", "192.0.2.1", 1e6);
    login("bob", "192.0.2.1", 1e6);
    expect(login("eve", "192.0.2.1", 0)).toEqual([]);
    expect(login("eve", "198.51.100.1", 2)).toContain("impossible-travel");
  });

  test("a user whom nobody knows, without a name or with a very long one, is a user", () => {
    const { login } = site();
    for (const user of ["", "x".repeat(1_000_000), "__proto__", "constructor"]) {
      expect(login(user, "192.0.2.1", 0)).toEqual([]);
      expect(login(user, "198.51.100.1", 100)).toEqual(["new-country", "new-asn"]);
    }
  });
});
