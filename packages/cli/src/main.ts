#!/usr/bin/env node
import { runCommandLine } from "./command-line.ts";
import { processTerminal } from "./terminal.ts";

const run = async (): Promise<void> => {
  process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
};
void run();
