import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { caseGroup, type CaseGroup } from "./case-group.ts";
import { assertEachKnown, Site } from "./site.ts";

/** As systemd mounts it under systemd.unified_cgroup_hierarchy=0. */
const V1 = "/sys/fs/cgroup/pids";

/** A host with control groups of version 1 alone: these run before anybody has mounted version 2. */
async function openHost(): Promise<Site> {
  const run = (script: string): void => void execFileSync("sh", ["-ec", script]);
  run(`mount -t tmpfs cgroup /sys/fs/cgroup; mkdir ${V1}; mount -t cgroup -o pids cgroup ${V1}`);
  return Site.open(async () => run(`umount ${V1}; umount /sys/fs/cgroup`));
}

export const noCgroup2: CaseGroup = caseGroup("control groups v1 alone", openHost, {
  "the programs are unavailable in words, and a tap reads in their place": async (site) => {
    const { status } = await site.serve({ toa: "dpvs" });
    assert.equal(status.reader, "tap", JSON.stringify(status));
    assert.match(status.programs, /^unavailable: .*control group.*version 2/);
    await site.stamp("ad", "254");
    assertEachKnown(await site.visit(4, 20), 4);
    return status.programs;
  },

  "without rights saved SYNs are read, and a product that writes behind SYNs is unreadable": async (site) => {
    const prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];
    const { server, status } = await site.serve({ toa: "lvs", prefix });
    assert.equal(status.reader, "saved-syn", JSON.stringify(status));
    await site.stamp("sad", "254");
    assertEachKnown(await site.visit(4, 20), 4);
    await server.stop();
    const { status: other } = await site.serve({ toa: "dpvs", prefix });
    assert.equal(other.reader, "none", JSON.stringify(other));
    const said = await site.see();
    assert.deepEqual([said.client, said.stop], [undefined, "carrier-absent"]);
  },

  "`wherefrom toa attach` refuses a group of version 1, and says what it needs": async (site) => {
    const { code, err } = await site.command(["toa", "attach", "--cgroup", V1]);
    assert.equal(code, 1);
    assert.match(err, /version 2/);
    return err;
  },

  "`wherefrom toa status` says that nothing is attached": async (site) => {
    const { code, out } = await site.command(["toa", "status"]);
    assert.equal(code, 1);
    assert.match(out, /not attached/);
    return out;
  },
});
