import type { presets } from "./presets.ts";

/** The forwarding machine that a case starts. */
export interface Running {
  readonly stop: () => Promise<void>;
}

/** Where the product listens, on 127.0.0.1 and ::1, and where it sends requests to. */
export interface Ports {
  readonly port: number;
  readonly target: number;
}

/** A product that runs here, in the configuration that its page of docs/platforms.md shows. */
export interface Product {
  /** The preset that names it. */
  readonly preset: keyof typeof presets;
  /** The program that must be there; undefined for a package of npm's. */
  readonly program: string | undefined;
  readonly start: (ports: Ports) => Promise<Running>;
}
