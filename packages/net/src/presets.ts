export * from "@wherefrom/core/presets";
