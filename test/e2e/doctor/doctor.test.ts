import type { PolicyOptions } from "@wherefrom/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BROKEN } from "./broken.ts";
import { type Certificate, makeCertificate } from "../certificate.ts";
import { faultsOf as schemaFaultsOf, schemaOf } from "../../conformance/schemas/command-output.ts";
import type { Deployment, Running } from "./deployment.ts";
import { describeSuite } from "../requirement.ts";
import { healthy } from "./healthy.ts";
import { LIE, openSite, SITE, type Site, type Visit } from "./site.ts";

interface Report {
  readonly v: number;
  readonly verdict: string;
  readonly findings: readonly { readonly severity: string; readonly code: string; readonly detail: string }[];
  readonly policy: PolicyOptions | null;
  readonly server?: object;
}

const SCHEMA = schemaOf("doctor");

describeSuite("doctor", () => {
  let site: Site;
  const certificate: Certificate = makeCertificate([SITE.edge]);

  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(async () => {
    await site.close();
    certificate.remove();
  });

  describe("healthy", () => {
    test.each(healthy(certificate))("$name: no error", async (deployment) => {
      const { code, report } = await examine(site, deployment);
      expect(errorsOf(report)).toEqual([]);
      expect(codesOf(report)).toEqual(expect.arrayContaining([...deployment.says]));
      expect(code).toBe(0);
      expect(report.policy).toBeNull();
    });
  });

  describe("broken", () => {
    test.each(BROKEN)("$name: $says", async (deployment) => {
      const { code, report, visits } = await examine(site, deployment);
      expect(codesOf(report)).toEqual(expect.arrayContaining([...deployment.says]));
      expect(code).toBe(deployment.exit ?? 1);
      expect(report.policy === null ? "none" : "policy").toBe(deployment.mends === "none" ? "none" : "policy");
      expect(faultsOf(visits, deployment.mends === "until-found")).toEqual([]);
    });
  });
});

/** Runs the doctor, and puts what it suggests into force before honest clients and liars. */
async function examine(
  site: Site,
  deployment: Deployment,
): Promise<{ code: number | null; report: Report; visits: readonly Visit[] }> {
  const { service, url = `http://${SITE.edge}/`, token } = deployment;
  const running: Running[] = [await site.serve(service)];
  try {
    running.push(...(await deployment.start(site)));
    const args = deployment.args?.(site) ?? [];
    const { code, out, err } = await site.examine([url, "--json", ...args], token);
    if (out === "") throw new Error(err);
    expect(schemaFaultsOf(SCHEMA, out)).toEqual([]);
    const report = JSON.parse(out) as Report;
    if (report.policy === null) return { code, report, visits: [] };
    await (running.shift() as Running).stop();
    const options = report.server ?? service.options;
    running.unshift(await site.serve({ ...service, policy: report.policy, ...(options !== undefined && { options }) }));
    return { code, report, visits: await site.visit(url) };
  } finally {
    for (const each of running.toReversed()) await each.stop();
  }
}

const codesOf = ({ findings }: Report): readonly string[] => findings.map(({ code }) => code);
const errorsOf = ({ findings }: Report): readonly string[] =>
  findings.filter(({ severity }) => severity === "error").map(({ code, detail }) => `${code}: ${detail}`);

/** Visits whose client the service did not know as it is. Where the address does not arrive, no machine may be taken for a client. */
function faultsOf(visits: readonly Visit[], isLost: boolean): readonly Visit[] {
  return visits.filter(([client, kind, answer]) => {
    // A proxy may refuse what is no HTTP.
    if (kind === "a PROXY header" && answer.client === undefined && answer.nearest !== LIE) return false;
    return isLost ? answer.client !== undefined : answer.client !== client;
  });
}
