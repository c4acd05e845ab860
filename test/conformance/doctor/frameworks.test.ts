import { randomBytes } from "node:crypto";
import { doctor } from "@wherefrom/doctor";
import { deriveKeys, makeProof, newProbeId, PROBE_HEADER, PROBE_PARAMETER } from "@wherefrom/doctor/protocol";
import { describe, expect, onTestFinished, test } from "vitest";
import { askBytes, KEYS, openAnswer, probe, proofLine, TOKEN } from "./prober.ts";
import { APPLICATIONS, type Application, EDGE_LINE, open, POLICY } from "./sites.ts";

async function armed(application: Application, arm: string | undefined = "15m"): Promise<number> {
  const mounted = doctor({ token: TOKEN, arm, policy: POLICY });
  onTestFinished(() => mounted.close());
  return open(await application(POLICY, mounted));
}

describe.each(APPLICATIONS)("%s", (_name, application) => {
  test("a probe is answered with what arrived, what was read, and what the policy makes of it", async () => {
    const port = await armed(application);
    const answer = await probe(port, [EDGE_LINE, "X-Forwarded-For: 203.0.113.7", "X-Real-IP: 198.51.100.1"]);
    expect(answer).toMatchObject({
      v: 1,
      http: "1.1",
      transport: "tcp",
      peer: "127.0.0.1",
      peerPort: expect.any(Number) as number,
      local: "127.0.0.1",
      localPort: port,
      claims: [],
      headers: [
        ["Host", "app.example"],
        ["X-Forwarded-For", "203.0.113.7"],
        ["X-Real-IP", "198.51.100.1"],
      ],
      read: { "x-forwarded-for": "203.0.113.7", "x-real-ip": "198.51.100.1" },
      resolution: { client: { address: "203.0.113.7" }, stop: "untrusted-hop", warnings: ["carrier-disagrees"] },
      server: {
        policy: { trust: ["127.0.0.1"], from: "x-forwarded-for", with: { header: "x-edge-proof", equals: "secret" } },
        listening: { address: "127.0.0.1", port },
      },
    });
  });

  test("without a policy in its options it knows that of the middleware behind it, once a request has met it", async () => {
    const mounted = doctor({ token: TOKEN, arm: "15m" });
    onTestFinished(() => mounted.close());
    const port = await open(await application(POLICY, mounted));
    await askBytes(port, []);
    expect(await probe(port, [EDGE_LINE, "X-Forwarded-For: 203.0.113.7"])).toMatchObject({
      resolution: { client: { address: "203.0.113.7" } },
      server: { policy: { trust: ["127.0.0.1"] } },
    });
  });

  test("every path and method is answered, and a proof in the query", async () => {
    const port = await armed(application);
    for (const [method, target, body] of [
      ["GET", "/not/there?x=1", ""],
      ["POST", "/", "body=1"],
      ["PUT", "/%20", ""],
      ["DELETE", "/a//b/../c", ""],
      ["OPTIONS", "/", ""],
      ["PATCH", "/.well-known/x", "{}"],
    ] as const) {
      expect(await probe(port, [EDGE_LINE], target, method, body)).toMatchObject({ v: 1, resolution: {} });
    }
    const id = newProbeId();
    const target = `/x?a=1&${PROBE_PARAMETER}=${makeProof(KEYS, id, Date.now())}`;
    expect(openAnswer(await askBytes(port, [], target), id)).toMatchObject({ v: 1, id });
  });

  test("the answer is sealed, kept by no cache, and says nothing of a cookie, of Authorization, or of the edge's proof", async () => {
    const port = await armed(application);
    const id = newProbeId();
    const bytes = await askBytes(port, [
      proofLine(id),
      EDGE_LINE,
      "Cookie: 203.0.113.77",
      "Authorization: 203.0.113.78",
      "X-Api-Key: 203.0.113.79",
      "X-Forwarded-For: hunter3, 203.0.113.7",
      "X-Forwarded-Host: <script>hunter4</script>",
      "Forwarded: for=203.0.113.7;secret=hunter5",
    ]);
    expect(bytes).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(bytes.toLowerCase()).toContain("cache-control: no-store, no-transform\r\n");
    expect(bytes).not.toMatch(/203\.0\.113|hunter|policy/);
    const told = JSON.stringify(openAnswer(bytes, id));
    expect(told).toContain("203.0.113.7");
    expect(told).not.toMatch(/hunter|203\.0\.113\.7[789]|script/);
  });

  test("an outsider gets the application's own answer, byte for byte, as if there were no doctor", async () => {
    const used = newProbeId();
    const port = await armed(application);
    const without = await open(await application(POLICY, undefined));
    await askBytes(port, [proofLine(used)]);
    const other = deriveKeys(randomBytes(16).toString("hex"));
    const outsiders: readonly (readonly string[])[] = [
      [],
      [`${PROBE_HEADER}: `],
      [`${PROBE_HEADER}: 1`],
      [`${PROBE_HEADER}: ${makeProof(other, newProbeId(), Date.now())}`],
      [`${PROBE_HEADER}: ${"1".repeat(8000)}`],
      // Replayed; of a minute and a second ago, and in as much.
      [proofLine(used)],
      [proofLine(newProbeId(), Date.now() - 61_000)],
      [proofLine(newProbeId(), Date.now() + 61_000)],
    ];
    for (const lines of outsiders) {
      for (const [target, method] of [
        ["/", "GET"],
        ["/not/there", "GET"],
        [`/?${PROBE_PARAMETER}=1.2.3.4`, "POST"],
      ] as const) {
        expect(await askBytes(port, lines, target, method)).toBe(await askBytes(without, lines, target, method));
      }
    }
  });

  test.each([
    ["that is not armed", { token: TOKEN, policy: POLICY }],
    ["without a token", { arm: "15m" }],
  ])("a doctor %s answers nothing, whatever the proof", async (_title, options) => {
    const mounted = doctor(options);
    onTestFinished(() => mounted.close());
    const port = await open(await application(POLICY, mounted));
    const without = await open(await application(POLICY, undefined));
    const line = proofLine();
    expect(await askBytes(port, [line])).toBe(await askBytes(without, [line]));
  });

  test("a probe after a closed doctor gets the application's answer", async () => {
    const mounted = doctor({ token: TOKEN, arm: "15m" });
    const port = await open(await application(POLICY, mounted));
    await probe(port);
    mounted.close();
    expect(await askBytes(port, [proofLine()])).toContain("application");
  });
});
