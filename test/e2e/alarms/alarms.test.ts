import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatDenyList, type Place } from "@wherefrom/audit";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type Daemon, startDaemon } from "../daemon.ts";
import { freePort } from "../free-port.ts";
import { describeSuite } from "../requirement.ts";
import { askRedis, startRedis } from "./redis.ts";
import { type Replica, startReplica } from "./replica.ts";

const PLACES: Readonly<Record<string, Place>> = {
  "192.0.2.1": { country: "DE", asn: 64500, latitude: 52.52, longitude: 13.405 },
  "198.51.100.1": { country: "JP", asn: 64502, latitude: 35.682, longitude: 139.692, radiusKm: 100 },
  "203.0.113.1": { country: "BR" },
  // Where nobody has been but who meets a Redis that is away: what each process knows by itself counts then.
  "203.0.113.77": { country: "BR" },
  "203.0.113.78": { country: "BR" },
  "192.0.2.77": { country: "DE" },
};
const alarmsOf = (answer: { findings: readonly { alarm: string }[] }): string[] =>
  answer.findings.map(({ alarm }) => alarm);

describeSuite("alarms", () => {
  describe.each(["redis", "ioredis"] as const)("two processes that share a Redis, through the package %s", (client) => {
    let port: number;
    let redis: Daemon;
    let [one, other]: [Replica, Replica] = [undefined as never, undefined as never];

    beforeAll(async () => {
      port = await freePort("127.0.0.1");
      redis = await startRedis(port);
      [one, other] = await Promise.all([startReplica(client, port, PLACES), startReplica(client, port, PLACES)]);
    });
    afterAll(() => Promise.all([one.stop(), other.stop(), redis.stop()]));
    beforeEach(() => void askRedis(port, "FLUSHALL"));

    test("what one has learnt the other knows", async () => {
      await one.check({ user: "eve", from: "192.0.2.1", hour: 0 });
      const answer = await other.check({ user: "eve", from: "198.51.100.1", hour: 2 });
      expect(answer.isShared).toBe(true);
      expect(answer.findings).toMatchObject([
        {
          alarm: "impossible-travel",
          numbers: { country: "JP", knownCountries: "DE", km: 8767, minutes: 120, kmPerHour: 4383 },
        },
      ]);
      expect(alarmsOf(await one.check({ user: "eve", from: "198.51.100.1", hour: 3 }))).toEqual([]);
    });

    test("of many logins at once from a new country one is told, whichever process has it", async () => {
      await one.check({ user: "eve", from: "192.0.2.1" });
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? one : other).check({ user: "eve", from: "203.0.113.1" })),
      );
      expect(answers.flatMap(alarmsOf)).toEqual(["new-country"]);
    });

    test("users of one network are counted together", async () => {
      const alarms: string[][] = [];
      for (const [n, user] of ["a", "b", "c", "d", "d", "e"].entries()) {
        alarms.push(alarmsOf(await (n % 2 === 0 ? one : other).check({ user, from: "203.0.113.1", success: false })));
      }
      expect(alarms).toEqual([[], [], [], ["shared-source"], [], []]);
    });

    test("failures of both are counted together, and one is told", async () => {
      const alarms: string[] = [];
      for (let n = 0; n < 60; n++) {
        const answer = await (n % 2 === 0 ? one : other).check({ user: "root", from: "203.0.113.9", success: false });
        alarms.push(...alarmsOf(answer));
      }
      expect(alarms).toEqual(["password-guessing"]);
    });

    test("a place that has alarmed one stays on probation with the other, and confirm and forget are for both", async () => {
      await one.check({ user: "eve", from: "192.0.2.1" });
      await one.check({ user: "eve", from: "203.0.113.1", hour: 30 });
      await other.check({ user: "eve", from: "192.0.2.1", hour: 31 });
      expect(alarmsOf(await other.check({ user: "eve", from: "203.0.113.1", hour: 32 }))).toEqual(["new-country"]);
      await one.check({ user: "eve", from: "192.0.2.1", hour: 33, confirm: true });
      expect(alarmsOf(await other.check({ user: "eve", from: "203.0.113.1", hour: 34 }))).toEqual([]);
      await other.check({ user: "zoe", from: "192.0.2.1", hour: 34, forget: "eve" });
      expect(askRedis(port, "KEYS", "*eve*").trim()).toBe("");
    });

    test("failed attempts teach nobody", async () => {
      await one.check({ user: "eve", from: "192.0.2.1" });
      await one.check({ user: "eve", from: "203.0.113.1", success: false });
      expect(alarmsOf(await other.check({ user: "eve", from: "203.0.113.1" }))).toEqual(["new-country"]);
    });

    test("a clock that was ahead heals, and names that Redis might obey are names", async () => {
      await one.check({ user: "eve", from: "192.0.2.1", hour: 1e6 });
      expect(alarmsOf(await other.check({ user: "eve", from: "192.0.2.1", hour: 1 }))).toEqual([]);
      for (const user of ["a\r\nFLUSHALL\r\n", "*", "", "x".repeat(100_000)]) {
        expect(alarmsOf(await one.check({ user, from: "192.0.2.1", hour: 1 }))).not.toContain("new-country");
        expect(alarmsOf(await other.check({ user, from: "203.0.113.1", hour: 1 }))).toContain("new-country");
      }
      expect(alarmsOf(await other.check({ user: "eve", from: "203.0.113.1", hour: 1 }))).toContain("new-country");
    });

    test("what is kept there expires", async () => {
      for (let n = 0; n < 30; n++) await one.check({ user: `user ${n}`, from: "192.0.2.1", success: n % 2 === 0 });
      const keys = askRedis(port, "KEYS", "*").trim().split("\n");
      expect(keys.length).toBeGreaterThan(30);
      for (const key of keys) expect(Number(askRedis(port, "PTTL", key))).toBeGreaterThan(0);
    });

    test("while Redis is away each answers by itself and says so; when it is back they share again", async () => {
      await one.check({ user: "zoe", from: "192.0.2.77" });
      await other.check({ user: "zoe", from: "192.0.2.77" });
      await redis.stop();
      const first = await one.check({ user: "zoe", from: "203.0.113.77" });
      expect(first).toMatchObject({
        isShared: false,
        findings: [{ alarm: "new-country", numbers: { country: "BR", knownCountries: "DE" } }],
      });
      expect((await one.check({ user: "zoe", from: "203.0.113.77" })).findings).toEqual([]);
      expect(one.troubles).toEqual([
        expect.stringMatching(/^Redis does not answer \(.+\): alarms are those of this process alone$/),
      ]);
      expect(one.warnings).toEqual(["login-state-local"]);
      redis = await startRedis(port);
      await expect
        .poll(async () => (await one.check({ user: "bob", from: "192.0.2.77" })).isShared, {
          timeout: 50_000,
          interval: 100,
        })
        .toBe(true);
      expect(one.troubles[1]).toBe("Redis answers again: alarms are those of all replicas");
      await expect
        .poll(async () => (await other.check({ user: "bob", from: "192.0.2.77" })).isShared, {
          timeout: 50_000,
          interval: 100,
        })
        .toBe(true);
      expect(alarmsOf(await other.check({ user: "bob", from: "203.0.113.77" }))).toEqual(["new-country"]);
    });

    test("a Redis that hangs costs a login its timeout once, and none after that", async () => {
      // Never asked again, however late the second login is.
      const hasty = await startReplica(client, port, PLACES, { timeoutMs: 250, retryMs: 3_600_000 });
      onTestFinished(hasty.stop);
      await hasty.check({ user: "kim", from: "192.0.2.77" });
      const [, pid = ""] = /process_id:(\d+)/.exec(askRedis(port, "INFO", "server"))!;
      process.kill(Number(pid), "SIGSTOP");
      onTestFinished(() => void process.kill(Number(pid), "SIGCONT"));
      const slow = await hasty.check({ user: "kim", from: "203.0.113.78" });
      const quick = await hasty.check({ user: "kim", from: "203.0.113.78" });
      expect(slow).toMatchObject({ isShared: false, findings: [{ alarm: "new-country" }] });
      expect(quick).toMatchObject({ isShared: false, asked: slow.asked });
    });
  });

  describe("a list to deny", () => {
    const list = [
      { prefix: "203.0.113.7", note: "1,234 requests, 12.3 %" },
      { prefix: "192.0.2.0/24", note: 'quotes " and { ; } \n in a note' },
      { prefix: "2001:db8:7::/48" },
    ];

    test("is read by nginx", async () => {
      const port = await freePort("127.0.0.1");
      const nginx = await startDaemon({
        name: "nginx",
        prepare: (directory) => {
          writeFileSync(join(directory, "deny.conf"), formatDenyList([...list, { prefix: "127.0.0.2" }], "nginx"));
          const conf = `daemon off; pid ${directory}/pid; error_log stderr; events {} http { access_log off; client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p; fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s; server { listen 127.0.0.1:${port}; include ${directory}/deny.conf; location / { return 200 ok; } location = /in { include ${directory}/deny.conf; try_files /none =404; } } }`;
          writeFileSync(join(directory, "nginx.conf"), conf);
          return ["nginx", "-p", directory, "-c", join(directory, "nginx.conf")];
        },
        listens: [{ host: "127.0.0.1", port }],
      });
      onTestFinished(nginx.stop);
      const status = (from: string): string =>
        execFileSync(
          "curl",
          ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", from, `http://127.0.0.1:${port}/in`],
          { encoding: "utf8" },
        );
      expect([status("127.0.0.1"), status("127.0.0.2")]).toEqual(["404", "403"]);
    });

    test("is read by ipset, into two sets", () => {
      // Twice: a list may be read again.
      const script =
        'list=$(cat); for n in 1 2; do echo "$list" | ipset restore || exit 1; done; ipset test wherefrom4 192.0.2.99 && ipset test wherefrom6 2001:db8:7:1::1 && ipset save';
      const saved = execFileSync("unshare", ["--net", "sh", "-c", script], {
        input: formatDenyList(list, "ipset"),
        encoding: "utf8",
      });
      expect(saved.match(/^add .*$/gm)?.toSorted()).toEqual([
        "add wherefrom4 192.0.2.0/24",
        "add wherefrom4 203.0.113.7",
        "add wherefrom6 2001:db8:7::/48",
      ]);
    });
  });
});
