import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { Connection, Headers } from "../evidence/evidence.ts";
import { compilePolicy } from "./policy.ts";
import type { PolicyOptions } from "./policy-options.ts";
import type { RuleOptions } from "./rule.ts";
import { clientAddress, type Resolution, resolve } from "../resolution/resolution.ts";

const CLIENT = "203.0.113.7";
const OTHER_CUSTOMER = "198.51.100.99";
const EDGE = "198.51.100.1";
const SECRET = "correct horse battery";

function ask(options: PolicyOptions, peer: string, headers: Headers | undefined): Resolution {
  const connection: Connection = { transport: "tcp", peer, peerPort: 1, claims: [] };
  const policy = compilePolicy(options);
  const resolution = resolve({ connection, headers }, policy);
  expect(clientAddress(connection, headers, policy)).toBe(resolution.client?.address);
  return resolution;
}

const cdn = (more: Partial<RuleOptions> = {}): RuleOptions => ({
  peers: ["198.51.100.0/24"],
  says: "x-forwarded-for",
  with: { header: "x-origin-secret", equals: SECRET },
  ...more,
});
const xff = (list: string, secret = SECRET): Headers => ({ "x-forwarded-for": list, "x-origin-secret": secret });

describe("a secret proves one machine", () => {
  test("another customer's edge behind our own is not believed: it is as far as the proof goes", () => {
    const { client, stop, hops } = ask({ rules: [cdn()] }, EDGE, xff(`6.6.6.6, ${OTHER_CUSTOMER}`));
    expect([client?.address, stop]).toEqual([OTHER_CUSTOMER, "untrusted-hop"]);
    expect(hops.map(({ verdict }) => verdict)).toEqual([
      { trusted: true, rule: "198.51.100.0/24" },
      { trusted: false, reason: "demand-unmet" },
    ]);
  });

  test("trusting every address with a secret believes the nearest machine, and not the client's own text", () => {
    const options: PolicyOptions = {
      trust: ["0.0.0.0/0", "::/0"],
      from: "x-forwarded-for",
      with: { header: "x-origin-secret", equals: SECRET },
    };
    expect(ask(options, EDGE, xff(`6.6.6.6, ${CLIENT}`)).client?.address).toBe(CLIENT);
    expect(ask(options, "2001:db8::1", xff(`6.6.6.6, ${CLIENT}`)).client?.address).toBe(CLIENT);
  });

  test("over all rules that demand the header, whatever they compare it to", () => {
    const rules = [cdn(), cdn({ peers: ["192.0.2.0/24"], with: { header: "x-origin-secret", equals: [SECRET] } })];
    expect(ask({ rules }, EDGE, xff("6.6.6.6, 192.0.2.9")).client?.address).toBe("192.0.2.9");
    expect(ask({ rules }, "192.0.2.9", xff(`6.6.6.6, ${EDGE}`)).client?.address).toBe(EDGE);
  });

  test("machines that are not asked for it do not use it up", () => {
    const rules = [cdn(), { peers: ["10.0.0.0/8"], says: "x-forwarded-for" as const }];
    expect(ask({ rules }, "10.0.0.1", xff(`6.6.6.6, ${CLIENT}, ${EDGE}, 10.0.0.2`)).client?.address).toBe(CLIENT);
  });

  test("two headers prove a machine each", () => {
    const rules = [
      cdn(),
      cdn({ peers: ["192.0.2.0/24"], with: { header: "x-shield-secret", equals: "battery staple" } }),
    ];
    const headers = { ...xff(`6.6.6.6, ${CLIENT}, ${EDGE}`), "x-shield-secret": "battery staple" };
    expect(ask({ rules }, "192.0.2.9", headers).client?.address).toBe(CLIENT);
  });

  test("each walk starts afresh", () => {
    const policy = compilePolicy({ rules: [cdn()] });
    const connection: Connection = { transport: "tcp", peer: EDGE, peerPort: 1, claims: [] };
    for (let round = 0; round < 3; round++) {
      expect(clientAddress(connection, xff(CLIENT), policy)).toBe(CLIENT);
      expect(resolve({ connection, headers: xff(CLIENT) }, policy).hops).toHaveLength(2);
    }
  });

  test("machines: 2 is an edge and its shield, and the third is a stranger's", () => {
    const rules = [cdn({ with: { header: "x-origin-secret", equals: SECRET, machines: 2 } })];
    expect(ask({ rules }, "198.51.100.2", xff(`6.6.6.6, ${CLIENT}, ${EDGE}`)).client?.address).toBe(CLIENT);
    expect(ask({ rules }, "198.51.100.2", xff(`6.6.6.6, ${OTHER_CUSTOMER}, ${EDGE}`)).client?.address).toBe(
      OTHER_CUSTOMER,
    );
  });

  test("counted machines need a secret that proves all of them", () => {
    const counted = { hops: 2, peers: ["198.51.100.0/24"], from: "x-forwarded-for" } as const;
    expect(() => compilePolicy({ ...counted, with: { header: "x-origin-secret", equals: SECRET } })).toThrow(
      "machines: 2",
    );
    const secretAsName = { header: SECRET.replaceAll(" ", "-"), equals: "x-origin-secret" };
    expect(() => compilePolicy({ ...counted, with: secretAsName })).toThrow(/^(?!.*correct-horse).*machines: 2/);
    expect(() => compilePolicy({ ...counted, with: { certificate: "authorized" } })).toThrow(
      "the nearest machine alone",
    );
    const options = { ...counted, with: { header: "x-origin-secret", equals: SECRET, machines: 2 } };
    expect(ask(options, EDGE, xff(`6.6.6.6, ${CLIENT}, ${EDGE}`)).client?.address).toBe(CLIENT);
  });

  test("before there is a request nothing is known of the machine", () => {
    expect(ask({ rules: [cdn()] }, EDGE, undefined)).toMatchObject({ client: undefined, stop: "carrier-absent" });
  });
});

test("a policy demands at most 30 headers", () => {
  const demanding = (count: number): PolicyOptions => ({
    rules: Array.from({ length: count }, (_, index) =>
      cdn({ peers: [`10.0.0.${index}`], with: { header: `x-secret-${index}`, equals: SECRET } }),
    ),
  });
  expect(() => compilePolicy(demanding(30))).not.toThrow();
  expect(() => compilePolicy(demanding(31))).toThrow('"x-secret-30" is one header too many');
});

describe("equals lists the secrets that are valid", () => {
  const rotating = (equals: readonly string[]): PolicyOptions => ({
    rules: [cdn({ with: { header: "x-origin-secret", equals } })],
  });

  test("each of them is accepted, and no part or joint of them", () => {
    const options = rotating(["the new secret", "the old secret"]);
    for (const secret of ["the new secret", "the old secret"]) {
      expect(ask(options, EDGE, xff(CLIENT, secret)).client?.address).toBe(CLIENT);
    }
    for (const secret of ["the new", "the new secret, the old secret", "the new secretthe old secret", ""]) {
      expect(ask(options, EDGE, xff(CLIENT, secret)).client?.address).toBe(EDGE);
    }
  });

  test.each<[title: string, equals: unknown]>([
    ["an empty list", []],
    ["five secrets", Array.from({ length: 5 }, (_, index) => `a long secret ${index}`)],
    ["one that is short", [SECRET, "short"]],
    ["one that is missing", [SECRET, undefined]],
    ["a list of lists", [[SECRET]]],
    ["an object", { current: SECRET }],
  ])("%s is refused", (_, equals) => {
    expect(() => compilePolicy(rotating(equals as string[]))).toThrow("with.equals");
  });

  test.each([0, -1, 1.5, Number.NaN, 32, "2", null])("machines: %j is refused", (machines) => {
    const demand = { header: "x-origin-secret", equals: SECRET, machines: machines as number };
    expect(() => compilePolicy({ rules: [cdn({ with: demand })] })).toThrow("with.machines");
  });
});

describe("a secret stands in no error and in no printed policy", () => {
  const secret = "hunter2-hunter2";
  test.each<[title: string, options: unknown]>([
    ["a misspelt header", { with: { haeder: "x-origin-secret", equals: secret } }],
    ["a misspelt equals", { with: { header: "x-origin-secret", eqals: secret } }],
    ["the wrong way round", { with: { header: secret.toUpperCase(), equals: "x-origin-secret" } }],
    ["the secret alone", { with: secret }],
    ["the secret in a list", { with: [secret] }],
    ["the secret as a name", { with: { header: `${secret} ${secret}`, equals: "x-origin-secret" } }],
    ["a list in a list", { with: { header: "x-origin-secret", equals: [[secret]] } }],
    [
      "a number of machines that is the secret",
      { with: { header: "x-origin-secret", equals: secret, machines: secret } },
    ],
    ["a certificate that is the secret", { with: { certificate: secret } }],
    ["a fingerprint that is the secret", { with: { certificate: { fingerprint256: secret } } }],
    ["the wrong way round, with a short name", { with: { header: secret, equals: "x-cdn" } }],
    ["the wrong way round, of no machine", { with: { header: secret, equals: "x-origin-secret", machines: 0 } }],
    ["the secret as a key", { with: { [secret]: "x-origin-secret" } }],
    ["the secret as one key more", { with: { header: "x-origin-secret", equals: "correct horse", [secret]: true } }],
    ["a demand among peers", { peers: [{ header: "x", equals: secret }] }],
    ["a demand in the place of peers", { peers: { header: "x", equals: secret } }],
    ["a demand in the place of a name", { name: { header: "x", equals: secret } }],
    ["a demand in the place of says", { says: { header: "x-origin-secret", equals: secret } }],
    ["a demand in the place of origin", { origin: { header: "x-origin-secret", equals: secret } }],
    ["a demand among origin", { origin: [{ header: "x-origin-secret", equals: secret }] }],
    ["a demand in the place of silent", { silent: { equals: secret } }],
    ["a demand in the place of appends", { appends: { equals: secret } }],
  ])("%s", (_, more) => {
    const rule = { peers: ["10.0.0.0/8"], says: "x-forwarded-for", ...(more as object) };
    for (const options of [{ rules: [rule] }, { rules: rule }, [rule], { rules: [[rule]] }]) {
      let message = "";
      try {
        compilePolicy(options as unknown as PolicyOptions);
      } catch (error) {
        message = String(error);
      }
      expect(message).toContain("WherefromError");
      expect(message.toLowerCase()).not.toContain(secret);
    }
  });

  test("a compiled policy, printed or as JSON", () => {
    const policy = compilePolicy({
      trust: ["10.0.0.0/8"],
      from: "x-forwarded-for",
      with: { header: "x-origin-secret", equals: [secret, `${secret}-old`] },
    });
    expect(inspect(policy, { depth: 9, showHidden: true })).not.toContain(secret);
    expect(JSON.stringify(policy)).not.toContain(secret);
  });
});
