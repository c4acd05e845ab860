import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPolicySource } from "@wherefrom/core/internal";
import { afterAll, expect, test } from "vitest";
import { readSettings, refuseUnread } from "./settings.ts";

const directory = mkdtempSync(join(tmpdir(), "wherefrom-auto-"));
afterAll(() => rmSync(directory, { recursive: true }));

function fileOf(name: string, content: object): string {
  const path = join(directory, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

const NGINX = { trust: ["10.1.2.3"], from: "x-forwarded-for" };
const POLICY = "trust=10.1.2.3 from=x-forwarded-for";

test("one variable is a whole setting", () => {
  const { policy, ports, normalize, server, followsClients, describe } = readSettings({ WHEREFROM_POLICY: POLICY });
  expect(isPolicySource(policy)).toBe(false);
  expect([ports, normalize, server, followsClients]).toEqual([
    undefined,
    { remove: [], keep: [], write: [] },
    {},
    false,
  ]);
  expect(describe()).toBe(`WHEREFROM_POLICY ${POLICY}`);
});

test("the others add to it, in any case of letters, and an empty one is none", () => {
  const { ports, normalize, followsClients } = readSettings({
    WHEREFROM_POLICY: POLICY,
    WHEREFROM_CONFIG: "",
    WHEREFROM_PORTS: "8080, 0",
    WHEREFROM_REMOVE: "X-Who,x-what",
    WHEREFROM_KEEP: "x-client-ip",
    WHEREFROM_WRITE: "forwarded",
    WHEREFROM_CURRENT_CLIENT: "on",
  });
  expect([...(ports ?? [])]).toEqual([8080, 0]);
  expect(normalize).toEqual({ remove: ["x-who", "x-what"], keep: ["x-client-ip"], write: ["forwarded"] });
  expect(followsClients).toBe(true);
});

test("a file without lists is in force at once, with the server's options and the ports", () => {
  const path = fileOf("settings.json", {
    policy: { ...NGINX, from: "proxy-protocol" },
    ports: [8443],
    server: { proxyProtocol: "required", notices: false, normalize: { write: ["forwarded"] } },
  });
  const settings = readSettings({ WHEREFROM_CONFIG: path });
  expect(settings.server).toEqual({ proxyProtocol: "required", notices: false });
  expect(settings.normalize.write).toEqual(["forwarded"]);
  expect([...(settings.ports ?? [])]).toEqual([8443]);
  expect(settings.describe()).toContain(path);
  expect(() => refuseUnread(settings)).not.toThrow();
});

test("a line of a log shows no secret, and no more than a few hundred characters of a policy", () => {
  const secret = "correct horse battery";
  const written = JSON.stringify({ ...NGINX, with: { header: "x-key", equals: secret } });
  const shown = readSettings({ WHEREFROM_POLICY: written }).describe();
  expect(shown).toContain("x-key");
  expect(shown).not.toContain(secret);
  const trust = Array.from({ length: 200 }, (_, index) => `10.0.0.${index}`).join(",");
  expect(readSettings({ WHEREFROM_POLICY: `trust=${trust} from=x-real-ip` }).describe().length).toBeLessThan(400);
});

const proxy = fileOf("proxy.json", {
  policy: { ...NGINX, from: "proxy-protocol" },
  server: { proxyProtocol: "required" },
});
const both = fileOf("both.json", { policy: NGINX, ports: [80], server: { normalize: { keep: ["x-client-ip"] } } });

test.each<[string, NodeJS.ProcessEnv, RegExp]>([
  ["nothing", {}, /neither WHEREFROM_POLICY nor WHEREFROM_CONFIG is set: write WHEREFROM_POLICY=/],
  ["two policies", { WHEREFROM_POLICY: POLICY, WHEREFROM_CONFIG: both }, /are both set/],
  ["a wrong policy", { WHEREFROM_POLICY: "trust=true" }, /WHEREFROM_POLICY: "from" is missing/],
  ["no file", { WHEREFROM_CONFIG: "/nowhere/at/all" }, /cannot be read \(ENOENT\)/],
  [
    "a misspelt variable",
    { WHEREFROM_POLICYS: POLICY },
    /WHEREFROM_POLICYS is none of ours; did you mean WHEREFROM_POLICY\?/,
  ],
  ["ports that are none", { WHEREFROM_POLICY: POLICY, WHEREFROM_PORTS: "http" }, /"http" is none/],
  ["a port too high", { WHEREFROM_POLICY: POLICY, WHEREFROM_PORTS: "65536" }, /"65536" is none/],
  ["an empty entry", { WHEREFROM_POLICY: POLICY, WHEREFROM_PORTS: "80," }, /"" is none/],
  ["the Host", { WHEREFROM_POLICY: POLICY, WHEREFROM_REMOVE: "host" }, /"host" belongs to the request/],
  ["no header's name", { WHEREFROM_POLICY: POLICY, WHEREFROM_WRITE: "x y" }, /is a header name/],
  ["a switch", { WHEREFROM_POLICY: POLICY, WHEREFROM_CURRENT_CLIENT: "yes" }, /is "on" or "off", not "yes"/],
  ["PROXY on all ports", { WHEREFROM_CONFIG: proxy }, /name the listeners that it is for/],
  ["ports twice", { WHEREFROM_CONFIG: both, WHEREFROM_PORTS: "80" }, /has "ports", and WHEREFROM_PORTS is set/],
  ["keep twice", { WHEREFROM_CONFIG: both, WHEREFROM_KEEP: "x-a" }, /has "keep", and WHEREFROM_KEEP is set/],
  [
    "a preload that does not normalise",
    { WHEREFROM_CONFIG: fileOf("off.json", { policy: NGINX, server: { normalize: false } }) },
    /leave "normalize": false out/,
  ],
  [
    "a wrong port in the file",
    { WHEREFROM_CONFIG: fileOf("port.json", { policy: NGINX, ports: ["80"] }) },
    /ports element 0 is a whole number/,
  ],
])("%s is refused, with what to write", (_title, env, refusal) => {
  expect(() => readSettings(env)).toThrow(refusal);
});

test.each(["proxy-protocol", "toa"])("a policy that believes %s needs a listener that reads it", (method) => {
  const settings = readSettings({ WHEREFROM_POLICY: `trust=10.1.2.3 from=${method}` });
  expect(() => refuseUnread(settings)).toThrow(new RegExp(`believes "${method}", and no listener reads it`));
});
