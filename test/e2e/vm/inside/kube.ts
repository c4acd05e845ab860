import assert from "node:assert/strict";
import type { Namespace } from "../../bed/namespace.ts";
import type { Visit } from "../../bed/toa-site.ts";
import { caseGroup, type CaseGroup, type Cases } from "./case-group.ts";
import { runIpvs } from "./ipvs.ts";
import { SERVICES } from "./kube-service.ts";
import { KubeSite, nodesOf } from "./kube-site.ts";
import { FAMILIES, type Family } from "./node-network.ts";
import { runNftables } from "./nftables.ts";

const VISITS = 40;

/** Every visit was told its own address and port. */
function assertEachItsOwn(visits: readonly Visit[]): void {
  const told = visits.map(({ said, failed }) => failed ?? said.client);
  assert.deepEqual(
    told,
    visits.map(({ own }) => own),
  );
}

const casesOver = (family: Family): Cases<KubeSite> => ({
  [`IPv${family}, Cluster: the peer is a node, and the address is lost for everybody`]: async (site) => {
    const visits = await site.visit(family, 0, SERVICES.cluster.nodePort, VISITS);
    assert.deepEqual(
      new Set(visits.map(({ said, failed }) => failed ?? `${said.client?.address} ${said.stop}`)),
      new Set(["undefined address-lost"]),
    );
    const peers = new Set(visits.map(({ said }) => said.nearest?.address));
    // To the node's own Pod from its address on that side, to the other node's Pod from its outer one.
    assert.deepEqual(peers, new Set([nodesOf(family)[0], nodesOf(family)[2]]));
    return `${visits.length} connections from ${[...peers].join(" and ")}`;
  },

  [`IPv${family}, Local: the peer is the client, with its port`]: async (site) => {
    const visits = await site.visit(family, 0, SERVICES.local.nodePort, VISITS);
    assertEachItsOwn(visits);
    assert.deepEqual(new Set(visits.map(({ said }) => `${said.method} ${said.hops.length}`)), new Set(["socket 1"]));
    return `${visits.length} connections, 0 wrong`;
  },

  [`IPv${family}, Local: a node without a Pod serves nobody`]: async (site) => {
    const visits = await site.visit(family, 1, SERVICES.local.nodePort, 2, { timeoutMs: 4000 });
    assert.ok(
      visits.every(({ failed }) => failed !== undefined),
      JSON.stringify(visits),
    );
    return visits[0]?.failed;
  },

  [`IPv${family}, Cluster: TOA in the SYN goes through the node's source NAT, and names every client`]: async (
    site,
  ) => {
    const { nodePort } = SERVICES.toa;
    await site.stamp(family, nodePort);
    const visits = await site.visit(family, 1, nodePort, VISITS);
    assertEachItsOwn(visits);
    assert.deepEqual(new Set(visits.map(({ said }) => said.method)), new Set(["toa"]));
    assert.ok(visits.every(({ said }) => nodesOf(family).includes(said.hops[0]?.address ?? "")));
    return `${visits.length} connections, 0 wrong`;
  },
});

const group = (mode: string, runProxy: (node: Namespace, index: number) => void): CaseGroup =>
  caseGroup(
    `externalTrafficPolicy, kube-proxy's ${mode} mode`,
    () => KubeSite.open(runProxy),
    Object.assign({}, ...FAMILIES.map(casesOver)) as Cases<KubeSite>,
  );

export const kube: readonly CaseGroup[] = [group("ipvs", runIpvs), group("nftables", runNftables)];
