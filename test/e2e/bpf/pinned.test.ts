import { readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { BED } from "../bed/bed.ts";
import type { CompiledProgram } from "../bed/compiled-program.ts";
import { type ControlGroup, makeControlGroup } from "../bed/control-group.ts";
import { compileCrowd, holdCrowd } from "../bed/crowd.ts";
import { BALANCER, confusions, first, ToaSite } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";
import { type AgentMachine, openAgentMachine, startPython, withOnly } from "./agent.ts";

const PIN = "/sys/fs/bpf/wherefrom";

describeSuite("bpf", () => {
  describe("pinned", () => {
    const site = new ToaSite();
    let group: ControlGroup;
    let crowd: CompiledProgram;
    /** A BPF file system of its own for each test: what one leaves is nobody else's. */
    let machine: AgentMachine;
    beforeAll(() => {
      group = makeControlGroup();
      crowd = compileCrowd();
    });
    beforeEach(async () => {
      machine = await openAgentMachine(site.bed.balancer);
      onTestFinished(machine.close);
    });
    afterAll(async () => {
      crowd?.remove();
      await group?.remove();
    });

    const attach = (...more: string[]) => machine.run("attach", "--cgroup", group.path, "--pin", PIN, ...more);
    const unprivileged = (): readonly string[] => [...group.enter, ...withOnly()];
    const statusOf = (path = group.path) => JSON.parse(machine.run("status", "--json", "--cgroup", path).out);

    test("the agent ends, and processes without rights go on reading; detach leaves nothing", async () => {
      expect(attach()).toMatchObject({
        code: 0,
        out: expect.stringContaining(`until "wherefrom toa detach --pin ${PIN}"`),
      });
      await site.stamp("a", "254");
      const { server } = await site.serve({ toa: "dpvs", prefix: unprivileged() });
      expect(confusions(await site.visit(4, 50))).toEqual([]);
      await server.stop();
      expect(machine.run("detach")).toMatchObject({ code: 0, out: expect.stringContaining("removed 4 pins") });
      expect(machine.shell("ls /sys/fs/bpf")).not.toContain("wherefrom");
      const { status } = await site.serve({ toa: "dpvs", prefix: unprivileged() });
      expect(status.reader).toBe("none");
      expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent" });
      expect(machine.run("detach").out).toContain(`nothing is pinned in ${PIN}`);
    });

    test("status tells what is attached where, by whom, and how many options were kept", async () => {
      attach();
      await site.stamp("a", "254");
      await site.serve({ toa: "dpvs", prefix: unprivileged() });
      await site.visit(4, 20);
      const { out, code } = machine.run("status", "--cgroup", group.path);
      expect(code).toBe(0);
      expect(out).toMatch(/^attached to /);
      expect(out).toMatch(/ {2}sock_ops program \d+ \(wherefrom_keep\): wherefrom's, loaded by user 0 \d+ seconds ago/);
      expect(out).toMatch(/ {2}getsockopt program \d+ \(wherefrom_read\): wherefrom's/);
      expect(out).toContain(`pinned in ${PIN} for ${group.path}: wherefrom_keep (program `);
      expect(out).toContain(
        "options kept of 20 handshakes and 0 later packets; 0 connections had no room for their option",
      );
      const { attached, pins, groups } = statusOf();
      expect(attached).toBe(true);
      expect(pins.counts).toMatchObject({ keptOfHandshake: 20, notKept: 0 });
      expect(groups[0].programs.map((each: { name: string }) => each.name)).toEqual([
        "wherefrom_keep",
        "wherefrom_read",
      ]);
    });

    test("CAP_BPF and CAP_NET_ADMIN are enough, with a directory of one's own", async () => {
      machine.shell(`mkdir ${PIN} && chown 65534 ${PIN} && chmod 755 /sys/fs/bpf`);
      const rights = withOnly("bpf", "net_admin");
      expect(machine.runAs(rights, "attach", "--cgroup", group.path, "--pin", PIN)).toMatchObject({ code: 0 });
      expect(machine.runAs(rights, "attach", "--cgroup", group.path, "--pin", PIN)).toMatchObject({ code: 0 });
      const { out } = machine.runAs(rights, "status", "--cgroup", group.path);
      expect(out).toContain("owner unknown (requires CAP_SYS_ADMIN)");
      const without = machine.runAs(withOnly("bpf"), "attach", "--cgroup", group.path, "--pin", PIN);
      expect(without).toMatchObject({ code: 1, err: expect.stringContaining("CAP_NET_ADMIN missing") });
      expect(machine.runAs(withOnly(), "attach", "--cgroup", group.path, "--pin", PIN).err).toContain(
        "CAP_BPF and CAP_NET_ADMIN missing",
      );
    });

    test("an upgrade keeps what was kept of 10,000 connections that are open", async () => {
      const COUNT = 10_000;
      attach();
      await startPython(site.bed.server, group.enter, "late_reader.py", "0.0.0.0", BED.port);
      await site.stamp("a", "254");
      site.bed.client.run("ip route replace local 100.64.0.0/10 dev lo");
      site.bed.balancer.run("ip route replace 100.64.0.0/10 via 10.91.1.2");
      const held = await holdCrowd(site.bed.client, crowd.path, {
        host: BED.front[4],
        port: BED.port,
        from: "100.64.0.1",
        count: COUNT,
        concurrency: 200,
        form: "own",
      });
      onTestFinished(held.stop);
      const before = statusOf().groups[0].programs;
      expect(attach()).toMatchObject({ code: 0 });
      const after = statusOf();
      expect(after.groups[0].programs).toHaveLength(before.length);
      expect(after.groups[0].programs[0].id).not.toBe(before[0].id);
      expect(after.pins.counts.keptOfHandshake).toBe(COUNT);
      const { seconds: _, ...tally } = await held.ask();
      expect(tally).toEqual({ right: COUNT, wrong: 0, unknown: 0, failed: 0 });
    });

    test("what comes with the data behind an upgrade is kept, too", async () => {
      attach();
      await startPython(site.bed.server, group.enter, "late_reader.py", "0.0.0.0", BED.port);
      await site.stamp("d", "254");
      const options = {
        host: BED.front[4],
        port: BED.port,
        from: "203.0.113.1",
        count: 200,
        concurrency: 200,
        form: "own",
      } as const;
      const held = await holdCrowd(site.bed.client, crowd.path, options);
      onTestFinished(held.stop);
      expect(attach("--compat", "dpvs", "--no-filter", "--trust", BALANCER.join())).toMatchObject({ code: 0 });
      expect(await held.ask()).toMatchObject({ right: 200, wrong: 0, unknown: 0, failed: 0 });
      expect(statusOf().pins.programs).toHaveLength(5);
      // Without it the programs that stand in for a module are gone again.
      attach();
      expect(statusOf().pins.programs).toHaveLength(2);
      expect(machine.shell(`ls ${PIN}`).trim().split("\n")).toEqual([
        "counts",
        "records",
        "wherefrom_keep",
        "wherefrom_read",
      ]);
    });

    test("the filter of --trust stays with the pins, changes without a gap, and goes with them", () => {
      const chain = (): string =>
        machine.shell("iptables -w -t mangle -S WHEREFROM-TOA; ip6tables -w -t mangle -S WHEREFROM-TOA");
      expect(attach("--trust", "192.0.2.1,2001:db8::1")).toMatchObject({ code: 0 });
      expect(chain()).toContain("-s 192.0.2.1/32 -j RETURN");
      expect(attach("--trust", "192.0.2.2")).toMatchObject({ code: 0 });
      expect(chain()).toContain("-s 192.0.2.2/32 -j RETURN");
      expect(chain()).not.toContain("192.0.2.1");
      expect(machine.shell("iptables -w -t mangle -S PREROUTING").match(/WHEREFROM-TOA/g)).toHaveLength(1);
      expect(machine.run("detach").out).toContain("removed chain WHEREFROM-TOA");
      expect(machine.shell("iptables -w -t mangle -S")).not.toContain("WHEREFROM-TOA");
    });

    test("--stay runs until it is asked to end, and leaves the pins", async () => {
      const agent = await machine.start([], "--cgroup", group.path, "--pin", PIN, "--stay");
      await agent.kill("SIGTERM");
      expect((await agent.ended).code).toBe(0);
      expect(statusOf().attached).toBe(true);
    });

    describe("the examples' command lines are what the agent takes", () => {
      const EXAMPLE = join(import.meta.dirname, "..", "..", "..", "examples", "toa-agent");
      const here = (words: readonly string[]) =>
        words.slice(2).map((word) => word.replace(/\/\S*(system|kubepods)\.slice/, group.path));

      test("wherefrom-toa.service: started, reloaded and stopped", () => {
        const unit = readFileSync(join(EXAMPLE, "wherefrom-toa.service"), "utf8");
        const commands = ["ExecStart", "ExecReload", "ExecStop"].map((name) => {
          const [, line = ""] = new RegExp(`^${name}=(.*)$`, "m").exec(unit) ?? [];
          return here(line.split(" "));
        });
        for (const words of commands) expect(machine.run(...words)).toMatchObject({ code: 0, err: "" });
        expect(commands.map(([name]) => name)).toEqual(["attach", "attach", "detach"]);
        expect(machine.shell("ls /sys/fs/bpf; iptables -w -t mangle -S")).not.toMatch(/wherefrom/i);
      });

      test("daemonset.yaml: started with its capabilities, and asked to end", async () => {
        const { spec } = parse(readFileSync(join(EXAMPLE, "daemonset.yaml"), "utf8"));
        const { command, securityContext } = spec.template.spec.containers[0];
        const [name, ...words] = here(command);
        expect(name).toBe("attach");
        const kept = [
          "-all",
          ...securityContext.capabilities.add.map((each: string) => `+${each.toLowerCase()}`),
        ].join();
        const rights = ["setpriv", `--bounding-set=${kept}`, `--inh-caps=${kept}`];
        const agent = await machine.start(rights, ...words);
        await agent.kill("SIGTERM");
        expect(await agent.ended).toMatchObject({ code: 0, err: "" });
        expect(statusOf().attached).toBe(true);
        machine.run("detach");
      });
    });

    describe("is refused, with what is seen and what to type,", () => {
      test("where wherefrom's programs are attached to the group, or above it, already", async () => {
        attach();
        const other = machine.run("attach", "--cgroup", group.path, "--pin", `${PIN}-2`);
        expect(other).toMatchObject({
          code: 1,
          err: expect.stringMatching(/programs are already attached to .*: sock_ops program \d+/),
        });
        expect(other.err).toContain("wherefrom toa detach");
        expect(machine.run("attach", "--cgroup", group.path).code).toBe(1);
        const below = `${group.path}/below`;
        machine.shell(`mkdir ${below}`);
        onTestFinished(() => rmdirSync(below));
        expect(machine.run("attach", "--cgroup", below).err).toContain(`already attached to ${group.path}`);
      });

      test("where the pins are another group's", () => {
        attach();
        const other = makeControlGroup();
        onTestFinished(other.remove);
        const { code, err } = machine.run("attach", "--cgroup", other.path, "--pin", PIN);
        expect([code, err]).toEqual([
          1,
          expect.stringContaining(`what is pinned belongs to another control group: ${PIN}`),
        ]);
        expect(statusOf().attached).toBe(true);
        expect(statusOf(other.path).attached).toBe(false);
      });

      test("where the pins are of another version", () => {
        attach();
        machine.shell(`rm ${PIN}/records && mv ${PIN}/counts ${PIN}/records`);
        const { code, err } = attach();
        expect([code, err]).toEqual([1, expect.stringContaining(`pins of another version are in the way: ${PIN}`)]);
        expect(err).toContain("wherefrom toa detach");
      });

      test.each([
        ["belongs to another user", `mkdir ${PIN} && chown 65534 ${PIN}`, `${PIN} belongs to user 65534`],
        [
          "can be written by all",
          `mkdir ${PIN} && chmod 777 ${PIN}`,
          `${PIN} is writable by users other than its owner`,
        ],
        [
          "can be written by all, sticky bit or not",
          `mkdir ${PIN} && chmod 1777 ${PIN}`,
          `${PIN} is writable by users other than its owner`,
        ],
        [
          "can be written by a group",
          `mkdir ${PIN} && chmod 770 ${PIN}`,
          `${PIN} is writable by users other than its owner`,
        ],
        [
          "stands where all may rename it",
          `chmod 777 /sys/fs/bpf`,
          "/sys/fs/bpf is writable by users other than its owner",
        ],
        ["is a symbolic link", `mkdir ${PIN}-2 && ln -s ${PIN}-2 ${PIN}`, `${PIN} is a symbolic link to ${PIN}-2`],
        ["is a symbolic link to nowhere", `ln -s ${PIN}-2 ${PIN}`, `there is no ${PIN} to create`],
      ])("where the directory %s", (_title, script, complaint) => {
        machine.shell(script);
        expect(attach()).toMatchObject({ code: 1, err: expect.stringContaining(complaint) });
        expect(machine.shell("find /sys/fs/bpf -type f ! -name '*.debug'")).toBe("");
      });

      test("where the directory is in no BPF file system", () => {
        expect(machine.run("attach", "--cgroup", group.path, "--pin", "/tmp/wherefrom").err).toBe(
          "/tmp is not a BPF file system, so programs cannot be pinned there. Mount one: mount -t bpf -o mode=0700 bpf /sys/fs/bpf\n",
        );
      });
    });

    test("pins of a group that is gone serve the one that was made anew under its name", async () => {
      const other = makeControlGroup();
      const attachOther = () => machine.run("attach", "--cgroup", other.path, "--pin", PIN);
      expect(attachOther()).toMatchObject({ code: 0 });
      await other.remove();
      expect(machine.run("status").out).toContain("for a removed cgroup");
      machine.shell(`mkdir ${other.path}`);
      onTestFinished(other.remove);
      expect(attachOther()).toMatchObject({ code: 0 });
      expect(statusOf(other.path).attached).toBe(true);
    });
  });
});
