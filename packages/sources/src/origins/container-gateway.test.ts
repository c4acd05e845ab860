import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { containerGateway } from "./container-gateway.ts";

const HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
const never = new AbortController().signal;

function listOf(routes: string, routes6?: string): ReturnType<typeof containerGateway> {
  const directory = mkdtempSync(join(tmpdir(), "wherefrom-routes-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, "route"), routes);
  if (routes6 !== undefined) writeFileSync(join(directory, "route6"), routes6);
  return containerGateway({ routes: join(directory, "route"), routes6: join(directory, "route6") });
}

test("the gateways of default routes, as Docker's bridges write them", async () => {
  const routes = `${HEAD}eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n`;
  const routes6 =
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fd000000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n" +
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth1\n";
  const { prefixes } = await listOf(routes, routes6).read(never);
  expect(prefixes).toEqual(["172.17.0.1", "fd00:0000:0000:0000:0000:0000:0000:0001"]);
});

test("a machine without a default route has none", async () => {
  await expect(listOf(HEAD).read(never)).rejects.toThrow("no default route with a gateway");
});
