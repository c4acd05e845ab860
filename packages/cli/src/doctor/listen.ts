import { listen } from "@wherefrom/doctor";
import { fail, refuse, type Terminal } from "../terminal/terminal.ts";
import type { OptionReading } from "../terminal/option.ts";
import { formatEndpoint } from "@wherefrom/core";
import { readToken, TOKEN_VARIABLE } from "./command-options.ts";

/** Serves the doctor's handler alone until the operator ends it. Answers the exit code. */
export async function listenAlone(
  { values, words }: OptionReading,
  terminal: Terminal,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const program = "wherefrom doctor";
  const port = Number(values["listen"]);
  if (!/^\d{1,5}$/.test(values["listen"] ?? "") || port > 65_535) {
    return refuse(`"${values["listen"]}" of --listen is not a port.`, program, terminal);
  }
  if (words.length > 0) return refuse("--listen probes nothing: leave the URL out.", program, terminal);
  const given = readToken(values, env);
  if (typeof given === "string") return refuse(given, program, terminal);
  const host = values["host"];
  const socket = values["local"];
  try {
    const listener = await listen({
      token: given.token,
      port,
      ...(host !== undefined && { host }),
      ...(socket !== undefined && { socket }),
    });
    const place = formatEndpoint({ address: listener.address, port: listener.port });
    terminal.out(
      `The doctor listens on http://${place} and answers probes alone. Let the proxy send requests there, and run`,
    );
    terminal.out(`${TOKEN_VARIABLE}=... wherefrom doctor URL`);
    terminal.out("with the URL of the proxy. Ctrl-C ends it.");
    await terminal.interruption();
    await listener.close();
    return 0;
  } catch (error) {
    return fail(`Port ${port} cannot be listened on: ${(error as Error).message}`, terminal);
  }
}
