#!/usr/bin/env node
import { runCommandLine } from "./command-line.ts";
import { processTerminal } from "./terminal/terminal.ts";

const run = async (): Promise<void> => {
  const terminal = processTerminal();
  try {
    process.exitCode = await runCommandLine(process.argv.slice(2), terminal);
  } catch (error) {
    terminal.err(`wherefrom: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
};
void run();
