import { createServer } from "node:http";
import { doctor } from "@wherefrom/doctor";

const TOKEN = "a token of the bench";

/** An application that never reads `request.headers`. */
const answering = (mounted) =>
  createServer((request, response) => {
    const answer = () => response.end("hello");
    if (mounted === undefined) answer();
    else mounted(request, response, answer);
  });

const APPS = {
  plain: () => answering(undefined),
  "plain again": () => answering(undefined),
  off: () => answering(doctor({})),
  silent: () => answering(doctor({ token: TOKEN })),
  armed: () => answering(doctor({ token: TOKEN, arm: "1h" })),
};

/** The one that is asked for, in a process of its own: a doctor that is armed watches the whole process. */
export function apps(only) {
  return { [only]: APPS[only]() };
}
