/** Protocol, host and port that no client of a site has. */
export const FORGED_ORIGIN = { protocol: "wf-forged", host: "forged.invalid", port: 1 } as const;
