import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BED } from "../bed/bed.ts";
import { makeControlGroup } from "../bed/control-group.ts";
import { BALANCER, confusions, first, type Serving, ToaSite } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";

describeSuite("toa", () => {
  const site = new ToaSite();

  /** Saved SYNs alone: with root's rights there would be a better reader (tap.test.ts). */
  const serve = ({ toa = "lvs", ...more }: Serving = {}) =>
    site.serve({ ...more, toa: typeof toa === "string" ? { product: toa, reader: "saved-syn" } : toa });

  describe.each([
    { family: 4, kind: 254, host: "0.0.0.0", toa: "lvs" },
    { family: 4, kind: 254, host: "::", toa: "lvs" },
    { family: 6, kind: 253, host: "::", toa: "lvs" },
    { family: 4, kind: 254, host: "::", toa: "dpvs-2022" },
    { family: 6, kind: 254, host: "::", toa: "dpvs-2022" },
  ] as const)(
    "TOA of kind $kind in the SYN, over IPv$family, to a listener on $host, read as $toa",
    ({ family, kind, host, toa }) => {
      test("names every one of 200 clients, with its port", async () => {
        const { status } = await serve({ host, toa });
        expect(status).toMatchObject({ reader: "saved-syn", savedSyn: "on" });
        await site.stamp("s", `${kind}`);
        const visits = await site.visit(family, 200);
        expect(confusions(visits)).toEqual([]);
        expect(first(visits)).toMatchObject({
          method: "toa",
          stop: "untrusted-hop",
          hops: [
            { by: "socket", address: BED.balancer[family], verdict: "trusted" },
            { by: "toa", format: `toa-${kind}`, verdict: "no-rule" },
          ],
        });
      });
    },
  );

  test("an address alone, as Alibaba's CDN writes it, names the client without a port", async () => {
    await serve({ toa: "alibaba-cdn" });
    await site.stamp("s", "28");
    for (const family of [4, 6] as const) {
      const visits = await site.visit(family, 20);
      expect(visits.filter(({ own, said }) => own.address !== said.client?.address)).toEqual([]);
      expect(first(visits).client?.port).toBeUndefined();
    }
  });

  test("an IPv6 client of an IPv4 connection (NAT64) is named by its IPv6 address", async () => {
    await serve({ toa: "dpvs-2022" });
    await site.stamp("s", "nat64:254");
    const visits = await site.visit(4, 5);
    const hex = (text: string): string =>
      text
        .split(".")
        .map((octet) => Number(octet).toString(16).padStart(2, "0"))
        .join("")
        .replace(/^(.{4})(.{4})$/, (_, a: string, b: string) => `${a.replace(/^0+/, "")}:${b.replace(/^0+/, "")}`);
    for (const { own, said } of visits) {
      expect(said.client).toEqual({ address: `64:ff9b::${hex(own.address)}`, port: own.port });
    }
  });

  test("without the option the balancer's connection has no client, and says so", async () => {
    await serve();
    const said = first(await site.visit(4, 1));
    expect(said).toMatchObject({ stop: "carrier-absent", nearest: { address: BED.balancer[4] } });
    expect(said.client).toBeUndefined();
  });

  test("an option in the handshake's ACK alone is not seen in the SYN: unknown, never wrong", async () => {
    await serve();
    await site.stamp("a", "254");
    expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent" });
  });

  test("an option from a peer that no rule names changes nothing, and the refusal is in the proof", async () => {
    await serve({ policy: { rules: [{ peers: ["10.99.0.0/16"], says: "toa" }] } });
    await site.stamp("s", "254");
    expect(first(await site.visit(4, 1))).toMatchObject({
      client: { address: BED.balancer[4] },
      method: "socket",
      stop: "untrusted-hop",
      hops: [{ by: "socket", address: BED.balancer[4], verdict: "no-rule" }],
      warnings: [expect.stringMatching(/^claim-unread: toa-254 "fe08/)],
    });
  });

  test("under SYN cookies the kernel keeps no SYN, and nothing tells who is connected: unverified, never wrong", async () => {
    site.bed.server.run("sysctl -qw net.ipv4.tcp_syncookies=2");
    onTestFinished(() => void site.bed.server.run("sysctl -qw net.ipv4.tcp_syncookies=1"));
    await serve();
    await site.stamp("s", "254");
    const visits = await site.visit(4, 20);
    const unknown = visits.filter(
      ({ said }) => said.hops[0]?.verdict === "peer-unverified" && said.client === undefined,
    );
    // A SYN that reuses a port in TIME_WAIT gets no cookie (net/ipv4/tcp_input.c, tcp_conn_request: `!isn`): such a one is known, and rightly.
    expect(confusions(visits.filter((visit) => !unknown.includes(visit)))).toEqual([]);
    expect(unknown.length).toBeGreaterThan(visits.length / 2);
  });

  describe("options that are not the balancer's", () => {
    test.each<[title: string, hex: string, stop: string, reason: string | undefined]>([
      ["40 bytes of no-operation are none", "01".repeat(20), "carrier-absent", undefined],
      ["one behind no-operations is a client's own", "0101fe08c406cb007163", "malformed-hop", "misplaced"],
      ["an option of another length is another's", "fe06c406cb00", "carrier-absent", undefined],
      ["one of another kind is another's", "c808c406cb007163", "carrier-absent", undefined],
    ])("%s", async (_title, hex, stop, reason) => {
      await serve();
      await site.stamp("s", `hex:${hex}`);
      const said = first(await site.visit(4, 1));
      expect(said.client).toBeUndefined();
      expect(said.stop).toBe(stop);
      expect(said.hops.at(1)?.reason).toBe(reason);
    });

    test.each([
      ["of length 0", "fe00c406cb007163"],
      ["of length 1", "fe01c406cb007163"],
      ["longer than the header", "fe28c406cb007163"],
    ])("an option %s names nobody: Linux from 6.7 on drops such a SYN, older ones let it in", async (_title, hex) => {
      await serve();
      await site.stamp("s", `hex:${hex}`);
      const [{ said, failed }] = await site.visit(4, 1, { timeoutMs: 1500 }, "may fail");
      const seen = failed === undefined ? [said.client, said.stop, said.hops.at(1)?.reason] : failed;
      expect([[undefined, "malformed-hop", "broken"], "Error: no answer"]).toContainEqual(seen);
    });

    test("of two, the balancer's counts, and the client's is a warning", async () => {
      // Timestamps would leave no room for both.
      site.bed.client.run("sysctl -qw net.ipv4.tcp_timestamps=0");
      onTestFinished(() => void site.bed.client.run("sysctl -qw net.ipv4.tcp_timestamps=1"));
      await serve();
      await site.stamp("s", "hex:fe08c406cb007107fe081f9009090909");
      expect(first(await site.visit(4, 1))).toMatchObject({
        client: { address: "203.0.113.7", port: 50182 },
        warnings: [expect.stringMatching(/^claim-odd: toa-254 "fe08c406cb007107": later-option$/)],
      });
    });

    test("an option of any length but its own is another's, and the connection is served", async () => {
      await serve();
      for (let length = 2; length <= 18; length++) {
        if (length === 8) continue;
        const hex = `fe${length.toString(16).padStart(2, "0")}${"c406cb007107".padEnd(32, "0")}`.slice(0, length * 2);
        const stop = await site.stamp("s", `hex:${hex}`);
        const said = first(await site.visit(4, 1));
        await stop();
        expect([length, said.client, said.stop]).toEqual([length, undefined, "carrier-absent"]);
      }
    });
  });

  test("HTTP headers go on from the claimed address where a rule names it as a proxy, and nowhere else", async () => {
    const rules = [
      { peers: BALANCER, says: "toa" },
      { peers: ["203.0.113.0/25"], says: "x-forwarded-for" },
    ];
    await serve({ kind: "http", policy: { rules } });
    await site.stamp("s", "254");
    const headers = { "x-forwarded-for": "198.51.100.9" };
    const visits = await site.visit(4, 200, { kind: "http", headers });
    for (const { own, said } of visits) {
      const isProxy = Number(own.address.split(".").at(-1)) < 128;
      expect(said.client).toEqual(isProxy ? { address: "198.51.100.9" } : own);
      expect(said.method).toBe(isProxy ? "x-forwarded-for" : "toa");
    }
  });

  test.each(["http", "http2", "tls"] as const)("a %s server knows the client of each connection", async (kind) => {
    await serve({ kind });
    await site.stamp("s", "254");
    expect(confusions(await site.visit(4, 100, { kind }))).toEqual([]);
  });

  test("servers in four worker threads at once never mix up their clients", async () => {
    const { server } = await serve({ threads: 4 });
    for (let thread = 1; thread < 4; thread++) await server.next();
    site.bed.balancer.run(
      `iptables -w -t nat -I PREROUTING -i outer -p tcp --dport ${BED.port + 1}:${BED.port + 3} -j DNAT --to-destination ${BED.server[4]}`,
    );
    await site.stamp("s", "254");
    const ports = [0, 1, 2, 3].map((thread) => BED.port + thread);
    expect(confusions(await site.visit(4, 400, { ports }))).toEqual([]);
  });

  test("cluster workers that accept for themselves know their clients", async () => {
    const { status } = await serve({ workers: 2, scheduling: "none" });
    expect(status).toMatchObject({ reader: "saved-syn", savedSyn: "on" });
    await site.stamp("s", "254");
    expect(confusions(await site.visit(4, 100))).toEqual([]);
  });

  test("a balancer of another product than the server was told is warned of, and its clients are absent", async () => {
    await serve({ toa: "alibaba-cdn", tellsNotices: true });
    await site.stamp("s", "200");
    for (const { said } of await site.visit(4, 3)) {
      expect(said).toMatchObject({ stop: "carrier-absent", notices: ["toa-product-differs"] });
      expect(said.client).toBeUndefined();
    }
  });

  test("cluster workers under round-robin have no listener: the status says so, and nothing tells who is connected", async () => {
    const { status } = await serve({ workers: 2, scheduling: "round-robin" });
    expect(status).toMatchObject({
      reader: "none",
      savedSyn: "unavailable: cluster round-robin",
      blindSpots: [expect.stringMatching(/^another process holds the listener/)],
    });
    await site.stamp("s", "254");
    const visits = await site.visit(4, 20);
    for (const { said } of visits) {
      expect(said).toMatchObject({
        stop: "untrusted-hop",
        hops: [{ format: "unverified", verdict: "peer-unverified" }],
      });
      expect(said.client).toBeUndefined();
    }
  });

  describe("a kernel that answers getsockopt(IPPROTO_IP, 4096) as a module does", () => {
    const ANSWER = "20010db8000000000000000000010002c4060000";
    let directory: string;
    let program: string;

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), "wherefrom-module-answer-"));
      program = join(directory, "module_answer");
      execFileSync("cc", ["-O2", "-Wall", "-o", program, join(import.meta.dirname, "module_answer.c")]);
    });
    afterAll(() => rmSync(directory, { recursive: true }));

    test("names the IPv6 client behind an IPv4 connection", async () => {
      const group = makeControlGroup();
      onTestFinished(group.remove);
      const module = site.bed.server.spawn(program, [group.path, ANSWER], { stdio: ["pipe", "pipe", "inherit"] });
      await new Promise((resolve) => module.stdout?.once("data", resolve));
      onTestFinished(() => void module.stdin?.end());
      const { status } = await serve({ toa: { product: "dpvs", reader: "module" }, prefix: group.enter });
      expect(status).toMatchObject({ reader: "module", savedSyn: "on" });
      expect(first(await site.visit(4, 1))).toMatchObject({
        client: { address: "2001:db8::1:2", port: 50182 },
        method: "toa",
        hops: [{ address: BED.balancer[4] }, { by: "toa", format: "toa-lookup" }],
      });
    });

    test("where nothing answers (ENOPROTOOPT) the SYN still tells the peer, and the client is unknown", async () => {
      await serve({ toa: { product: "dpvs", reader: "module" } });
      expect(first(await site.visit(4, 1))).toMatchObject({
        stop: "carrier-absent",
        hops: [{ by: "socket", format: "tcp", address: BED.balancer[4] }],
      });
    });
  });
});
