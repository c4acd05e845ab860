import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type CompiledProgram, compileProgram } from "../bed/compiled-program.ts";
import { type ControlGroup, makeControlGroup } from "../bed/control-group.ts";
import { confusions, first, type Serving, ToaSite, type Visit } from "../bed/toa-site.ts";
import { describeSuite } from "../requirement.ts";
import { type AgentMachine, openAgentMachine, withOnly } from "./agent.ts";

const PIN = "/sys/fs/bpf/wherefrom";

/** Nobody is named, and why. */
const reasons = (visits: readonly Visit[]): unknown =>
  [...new Set(visits.map(({ said }) => JSON.stringify([said.client, said.stop])))].map((text) => JSON.parse(text));
const UNKNOWN = [[null, "carrier-absent"]];

describeSuite("bpf", () => {
  describe("whatever happens, a client is named or unknown, and never another", () => {
    const site = new ToaSite();
    let group: ControlGroup;
    let machine: AgentMachine;
    let stranger: CompiledProgram;
    beforeAll(async () => {
      group = makeControlGroup();
      stranger = compileProgram(join(import.meta.dirname, "stranger.c"));
      machine = await openAgentMachine(site.bed.balancer);
    });
    afterAll(async () => {
      stranger?.remove();
      await machine?.close();
      await group?.remove();
    });

    const start = (...more: readonly string[]) => machine.start([], "--cgroup", group.path, ...more);
    /** A server without rights, in the group. */
    const serve = (serving: Serving = {}) =>
      site.serve({ toa: "dpvs", prefix: [...group.enter, ...withOnly()], ...serving });

    test("the agent is killed and started anew: unknown between, named before and after", async () => {
      const agent = await start();
      await serve();
      await site.stamp("ad", "254");
      expect(confusions(await site.visit(4, 50))).toEqual([]);
      await agent.kill("SIGKILL");
      expect(reasons(await site.visit(4, 50))).toEqual(UNKNOWN);
      // The server listened while there was an agent: it need not listen anew.
      await start();
      expect(confusions(await site.visit(4, 50))).toEqual([]);
    });

    test("it is killed and started anew again and again while clients come", async () => {
      await start("--beside");
      await serve();
      await site.stamp("a", "254");
      let isOver = false;
      const killing = (async () => {
        while (!isOver) await (await start("--beside")).kill("SIGKILL");
      })();
      const visits = await site.visit(4, 1000, { concurrency: 10 });
      isOver = true;
      await killing;
      const named = visits.filter(({ said }) => said.client !== undefined);
      expect(confusions(named)).toEqual([]);
      expect(visits.filter(({ said }) => said.client === undefined && said.stop !== "carrier-absent")).toEqual([]);
    });

    test("a socket that has no room for options keeps none, which is counted", async () => {
      const limit = site.bed.server.run("sysctl -n net.core.optmem_max").trim();
      site.bed.server.run("sysctl -qw net.core.optmem_max=64");
      onTestFinished(() => void site.bed.server.run(`sysctl -qw net.core.optmem_max=${limit}`));
      machine.run("attach", "--cgroup", group.path, "--pin", PIN);
      onTestFinished(() => void machine.run("detach"));
      await serve();
      await site.stamp("a", "254");
      expect(reasons(await site.visit(4, 50))).toEqual(UNKNOWN);
      expect(machine.run("status", "--cgroup", group.path).out).toContain(
        "50 connections had no room for their option",
      );
      site.bed.server.run(`sysctl -qw net.core.optmem_max=${limit}`);
      expect(confusions(await site.visit(4, 50))).toEqual([]);
    });

    test("the control group is removed: the agent says so, and ends", async () => {
      const other = makeControlGroup();
      const agent = await machine.start([], "--cgroup", other.path);
      await other.remove();
      const { code, err } = await agent.ended;
      expect([code, err]).toEqual([
        1,
        `the cgroup ${other.path} was removed, and its programs with it: run this command again\n`,
      ]);
    });

    describe("a process is moved to another group", () => {
      const move = (pid: number | undefined, to: string): void => writeFileSync(join(to, "cgroup.procs"), String(pid));

      test("out of the one that is watched: its listener stays watched", async () => {
        const other = makeControlGroup();
        onTestFinished(other.remove);
        await start();
        const { server } = await serve();
        await site.stamp("ad", "254");
        move(server.pid, other.path);
        expect(readFileSync(join(group.path, "cgroup.procs"), "utf8").split("\n")).not.toContain(String(server.pid));
        expect(confusions(await site.visit(4, 50))).toEqual([]);
        await server.stop();
      });

      test("into it: the listener, which was made elsewhere, stays unwatched", async () => {
        const other = makeControlGroup();
        onTestFinished(other.remove);
        await start();
        const { server, status } = await serve({ prefix: [...other.enter, ...withOnly()] });
        expect(status.programs).toMatch(/^unavailable: /);
        await site.stamp("ad", "254");
        move(server.pid, group.path);
        expect(reasons(await site.visit(4, 50))).toEqual(UNKNOWN);
        await server.stop();
      });
    });

    describe("somebody else's program is at the same hook", () => {
      async function meet(hook: string, sharing: string): Promise<() => Promise<void>> {
        const { spawn } = site.bed.balancer;
        const child = spawn(stranger.path, [group.path, hook, sharing], { stdio: ["pipe", "pipe", "inherit"] });
        const ended = once(child, "close");
        const leave = async (): Promise<void> => {
          child.stdin?.end();
          await ended;
        };
        onTestFinished(leave);
        await once(child.stdout!, "data");
        return leave;
      }

      test.each(["sock_ops", "getsockopt"])(
        "%s: one that shares is in nobody's way, before or behind ours",
        async (hook) => {
          const leave = await meet(hook, "multi");
          await start();
          await serve();
          await site.stamp("ad", "254");
          expect(confusions(await site.visit(4, 50))).toEqual([]);
          await leave();
          await meet(hook, "multi");
          expect(confusions(await site.visit(4, 50))).toEqual([]);
        },
      );

      test.each([
        ["sock_ops", "exclusive"],
        ["getsockopt", "exclusive"],
        ["getsockopt", "override"],
      ])("%s: one that is %s is named, with what to type; when it is gone ours is attached", async (hook, sharing) => {
        const leave = await meet(hook, sharing);
        const { code, err } = machine.run("attach", "--cgroup", group.path);
        expect(code).toBe(1);
        expect(err).toContain(`${hook} program `);
        expect(err).toContain(`(stranger) is attached to ${group.path} without BPF_F_ALLOW_MULTI`);
        expect(err).toMatch(new RegExp(`bpftool cgroup detach ${group.path} ${hook} id \\d+`));
        expect(machine.run("status", "--cgroup", group.path).out).toContain(`attached as ${sharing}`);
        const { status } = await serve();
        expect(status.reader).toBe("none");
        await site.stamp("ad", "254");
        expect(first(await site.visit(4, 1))).toMatchObject({ stop: "carrier-absent" });
        await leave();
        await start();
      });
    });
  });
});
