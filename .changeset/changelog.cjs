"use strict";

// One line of a CHANGELOG.md: the text of a changeset, and a link to the commit that brought it.

const { repository } = require("../packages/core/package.json");

/** "git+https://github.com/OWNER/NAME.git" */
const PAGE = repository.url.replace(/^git\+/, "").replace(/\.git$/, "");

/** `commit` is undefined for a changeset that was not committed. */
async function getReleaseLine({ summary, commit }) {
  const link = commit === undefined ? "" : ` ([${commit.slice(0, 7)}](${PAGE}/commit/${commit}))`;
  const [first, ...others] = summary.trim().split("\n");
  const [last = first, ...before] = others.toReversed();
  const lines = others.length === 0 ? [`${first}${link}`] : [first, ...before.toReversed(), `${last}${link}`];
  // Below a list's dash, what is indented belongs to the entry.
  return `- ${lines
    .map((line) => (line === "" ? "" : `  ${line}`))
    .join("\n")
    .trimStart()}`;
}

/** All packages have one version: that another one has changed says nothing. */
async function getDependencyReleaseLine() {
  return "";
}

module.exports = { getReleaseLine, getDependencyReleaseLine };
