import { createServer, request, type RequestListener, type Server } from "node:http";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { compilePolicy } from "@wherefrom/core";
import { doctor } from "@wherefrom/doctor";
import { deriveKeys, isFresh, PROBE_HEADER, readProof, seal } from "@wherefrom/doctor/protocol";
import { wherefrom } from "@wherefrom/net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type CommandRun, runAtTerminal } from "../../test/terminal-run.ts";
import type { JsonReport } from "./output/json.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

const run = (...args: string[]): Promise<CommandRun> => runAtTerminal(args);

beforeEach(() => {
  vi.stubEnv("WHEREFROM_DOCTOR_TOKEN", TOKEN);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

/** A service whose doctor answers, with nothing in front. */
async function service(policy: Parameters<typeof compilePolicy>[0]): Promise<string> {
  const handle = doctor({ token: TOKEN, arm: "15m" });
  onTestFinished(() => handle.close());
  const { url, server } = await serve((request, response) => handle(request, response, () => response.end("hello")));
  wherefrom(server, compilePolicy(policy), { notices: false });
  return url;
}

/** Appends its peer to X-Forwarded-For. */
async function proxyTo(url: string): Promise<string> {
  const { url: own } = await serve((incoming, outgoing) => {
    const { host: _, ...headers } = incoming.headers;
    const path = [headers["x-forwarded-for"], incoming.socket.remoteAddress].filter(Boolean).join(", ");
    const target = new URL(incoming.url ?? "/", url);
    const upstream = request(
      target,
      { headers: { ...headers, host: target.host, "x-forwarded-for": path } },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    upstream.on("error", () => outgoing.writeHead(502).end());
    upstream.end();
  });
  return own;
}

async function examine(...args: string[]): Promise<{ code: number; report: JsonReport }> {
  const { code, out } = await run("doctor", ...args, "--json");
  return { code, report: JSON.parse(out) as JsonReport };
}

describe("a command line that cannot be read ends with 2 and one line", () => {
  test.each([
    { args: [], says: "Which URL?" },
    { args: ["shop.example"], says: '"shop.example" is not a URL of http or https' },
    { args: ["ftp://shop.example/"], says: "is not a URL of http or https" },
    { args: ["http://a:b@shop.example/"], says: "with a user or a password" },
    { args: ["http://a/", "http://b/"], says: 'Unexpected argument "http://b/"' },
    { args: ["http://a/", "--me", "300.1.1.1"], says: '"300.1.1.1" of --me is not an IP address.' },
    { args: ["http://a/", "--direct", "10.0.0.5"], says: "is not HOST:PORT" },
    { args: ["http://a/", "--path", "api"], says: '"api" of --path is not a URL path' },
    { args: ["http://a/", "--token", "short"], says: "The token is shorter than 16 bytes" },
    { args: ["--arm", "15x", "--local", "/nowhere"], says: '"15x" of --arm is not a time' },
    { args: ["--arm", "15m"], says: "--arm needs --local SOCKET" },
    { args: ["--listen", "http"], says: '"http" of --listen is not a port.' },
    { args: ["http://a/", "--host", "::"], says: "--host belongs to --listen." },
  ])("$args", async ({ args, says }) => {
    const { code, out, err } = await run("doctor", ...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(says);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  test("without a token it names the variable", async () => {
    vi.stubEnv("WHEREFROM_DOCTOR_TOKEN", undefined);
    const { code, err } = await run("doctor", "http://a/");
    expect(code).toBe(2);
    expect(err).toContain("Set WHEREFROM_DOCTOR_TOKEN");
  });
});

describe("a service with nothing in front", () => {
  test("believes no machine: right, and exit 0", async () => {
    const { code, report } = await examine(await service({ trust: [] }));
    expect(code).toBe(0);
    expect(report).toMatchObject({ v: 1, verdict: "right", self: "127.0.0.1", sureness: "certain", policy: null });
    expect(report.tally).toMatchObject({ wrong: 0, unknown: 0, nonce: 0 });
  });

  test("believes clients: forgeable, with the line to write, and exit 1", async () => {
    const url = await service({ trust: ["loopback"], from: "x-forwarded-for" });
    const { code, report } = await examine(url);
    expect(code).toBe(1);
    expect(report.verdict).toBe("forgeable");
    expect(report.findings.map((finding) => finding.code)).toContain("trust-covers-clients");
    expect(report).toMatchObject({ policy: { trust: [] }, text: "{ trust: [] }" });
  });

  test("the text has the verdict first, and the passed attacks read as passed", async () => {
    const { code, out } = await run("doctor", await service({ trust: [] }));
    expect(code).toBe(0);
    expect(out.split("\n")[2]).toBe("  ✓ The policy is right for the requests of this machine.");
    expect(out).toContain("0 an address that was made up");
  });

  test("each path is tried that is named", async () => {
    const { report } = await examine(await service({ trust: [] }), "--path", "/a", "--path", "/b");
    const { report: one } = await examine(await service({ trust: [] }), "--path", "/a");
    expect(report.probes).toBe(2 * one.probes);
  });
});

test("Ctrl-C ends the run with 130 and prints nothing", async () => {
  const { code, out, err } = await runAtTerminal(["doctor", await service({ trust: [] })], Promise.resolve());
  expect({ code, out, err }).toEqual({ code: 130, out: "", err: "" });
});

describe("without a service, or with a silent one", () => {
  test("--arm lets a silent doctor answer", async () => {
    const directory = mkdtempSync(join(tmpdir(), "wherefrom-cli-doctor-"));
    const socket = join(directory, "doctor.sock");
    const handle = doctor({ token: TOKEN, socket });
    onTestFinished(() => {
      handle.close();
      rmSync(directory, { recursive: true });
    });
    const { url, server } = await serve((request, response) => handle(request, response, () => response.end("hello")));
    wherefrom(server, compilePolicy({ trust: [] }), { notices: false });
    await vi.waitUntil(() => existsSync(socket));
    expect((await run("doctor", url, "--path", "/")).code).toBe(3);
    expect(await run("doctor", "--arm", "15m", "--local", socket)).toEqual({
      code: 0,
      out: "The doctor of 1 process answers probes for 15m.\n",
      err: "",
    });
    expect((await run("doctor", url, "--path", "/", "--local", socket)).code).toBe(0);
  });

  test("--arm and --local say which socket does not answer", async () => {
    const armed = await run("doctor", "--arm", "15m", "--local", "/nowhere/doctor.sock");
    expect(armed).toMatchObject({ code: 1, out: "" });
    expect(armed.err).toContain("/nowhere/doctor.sock does not answer");
    const local = await run("doctor", "http://127.0.0.1:9/", "--local", "/nowhere/doctor.sock");
    expect(local).toMatchObject({ code: 3, out: "" });
    expect(local.err).toContain("/nowhere/doctor.sock does not answer");
  });

  test("--listen stands in for the service, until Ctrl-C, and the run says the policy", async () => {
    let press = (): void => {};
    const pressed = new Promise<void>((settle) => (press = settle));
    let place: (url: string) => void = () => {};
    const listening = new Promise<string>((settle) => (place = settle));
    const served = runAtTerminal(["doctor", "--listen", "0"], pressed, (line) => {
      const [, found] = /listens on (http:\/\/\S+)/.exec(line) ?? [];
      if (found !== undefined) place(found);
    });
    const { code, report } = await examine(await proxyTo(await listening), "--path", "/");
    expect(code).toBe(1);
    expect(report.policy).toEqual({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
    press();
    expect(await served).toMatchObject({ code: 0, err: "" });
  });
});

describe("a proxy on this machine, which has our own address", () => {
  test("named: right for other clients as well, which is computed", async () => {
    const url = await proxyTo(await service({ trust: ["loopback"], from: "x-forwarded-for" }));
    const { code, report } = await examine(url, "--path", "/");
    expect(report.findings.filter(({ severity }) => severity === "error")).toEqual([]);
    expect({ code, verdict: report.verdict }).toEqual({ code: 0, verdict: "right" });
    expect(report.findings.map((finding) => finding.code)).toContain("prober-is-trusted");
  });

  test("not named: an error, although each answer names this machine", async () => {
    const url = await proxyTo(await service({ trust: [] }));
    const { code, report } = await examine(url, "--path", "/");
    expect({ code, wrong: report.tally.wrong }).toEqual({ code: 1, wrong: 0 });
    expect(report.findings.map((finding) => finding.code)).toContain("proxy-unnamed");
    expect(report.policy).toEqual({ trust: ["127.0.0.1"], from: "x-forwarded-for" });
  });
});

describe("no answer of the doctor: one clear line, and exit 3", () => {
  const seen = async (
    listener: RequestListener,
  ): Promise<{ detail: string; fix: string | undefined; requests: number }> => {
    let requests = 0;
    const { url } = await serve((request, response) => {
      requests++;
      listener(request, response);
    });
    const { code, report } = await examine(url, "--path", "/");
    expect(code).toBe(3);
    expect(report).toMatchObject({ verdict: "no answer", policy: null });
    const [finding] = report.findings;
    expect(finding?.code).toBe("no-answer");
    return { detail: finding?.detail ?? "", fix: finding?.fix, requests };
  };

  test("another token: the application's own answer", async () => {
    const url = await service({ trust: [] });
    vi.stubEnv("WHEREFROM_DOCTOR_TOKEN", "another token of thirty bytes!");
    const { code, report } = await examine(url, "--path", "/");
    expect(code).toBe(3);
    expect(report.findings[0]?.detail).toContain("status 200, not from the doctor");
  });

  test("a redirect is named and not followed", async () => {
    const { url: elsewhere } = await serve((_, response) => response.end(() => expect.unreachable("it was followed")));
    const { detail, fix } = await seen((_, response) => response.writeHead(302, { location: elsewhere }).end());
    expect(detail).toContain(`redirects to ${elsewhere}`);
    expect(fix).toContain("give the URL");
  });

  test.each([403, 429])("%i ends the run at the first probe", async (status) => {
    const { detail, requests } = await seen((_, response) => response.writeHead(status).end("no"));
    expect(detail).toContain(`status ${status}`);
    expect(requests).toBe(1);
  });

  test("an HTML page without an end is bounded", async () => {
    const { detail } = await seen((_, response) => {
      const page = Buffer.alloc(64 * 1024, "<p>");
      const write = (): void => {
        while (!response.destroyed && response.write(page));
      };
      response.on("drain", write);
      write();
    });
    expect(detail).toContain("status 200, not from the doctor");
  });

  test("a machine that closes every connection", async () => {
    const server = createTcp((socket) => socket.destroy());
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { code, report } = await examine(`http://127.0.0.1:${port}/`, "--path", "/");
    expect(code).toBe(3);
    expect(report.findings[0]?.detail).toContain("ECONNRESET");
  });

  test("a service that seals garbage under the right token", async () => {
    const keys = deriveKeys(TOKEN);
    const { detail } = await seen((request, response) => {
      const proof = readProof(keys, String(request.headers[PROBE_HEADER] ?? ""));
      response.end(proof === undefined ? "" : seal(keys, proof.id, '{"v":1,"transport":[1e999]}'));
    });
    expect(detail).toContain("not from the doctor");
  });
});

test("terminal escapes of a service are shown, not obeyed", async () => {
  const { url } = await serve((_, response) =>
    response.writeHead(302, { location: "http://x/\u009b31m".replace("\u009b", "\x9b") }).end(),
  );
  const { out } = await run("doctor", url, "--path", "/");
  expect(out).toContain("http://x/\\x9b31m");
  // oxlint-disable-next-line no-control-regex
  expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
});

test("the clock of a service that is an hour ahead is taken from its Date", async () => {
  const AHEAD_MS = 3_600_000;
  const keys = deriveKeys(TOKEN);
  let fresh = 0;
  const { url } = await serve((request, response) => {
    const now = Date.now() + AHEAD_MS;
    const proof = readProof(keys, String(request.headers[PROBE_HEADER] ?? ""));
    if (proof !== undefined && isFresh(proof, now)) fresh++;
    response.writeHead(404, { date: new Date(now).toUTCString() }).end();
  });
  const { code, report } = await examine(url, "--path", "/");
  // The handler is not there: what counts is that proofs became good.
  expect(fresh).toBeGreaterThan(0);
  expect(code).toBe(3);
  expect(report.findings[0]?.code).toBe("no-answer");
});
