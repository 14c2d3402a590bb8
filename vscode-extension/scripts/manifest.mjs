// The parts of package.json that follow from the server's table of settings.

const SECTIONS = [
  ["Runs", /^sextet\.(maxAgents|runs|budget|questions|approvals|review|notifications)/],
  ["Patches", /^sextet\.patch\./],
  ["Tests", /^sextet\.tester\./],
  ["Worktrees", /^sextet\.worktree\./],
  ["Role: Analyst", /^sextet\.roles\.analyst\./],
  ["Role: Consensus", /^sextet\.roles\.consensus\./],
  ["Role: Splitter", /^sextet\.roles\.splitter\./],
  ["Role: Implementer", /^sextet\.roles\.implementer\./],
  ["Role: Tester", /^sextet\.roles\.tester\./],
  ["Role: Reviewer", /^sextet\.roles\.reviewer\./],
  ["Codex", /^sextet\.codex\./],
  ["Server", /^sextet\./],
];

/** The manifest with the settings of the contract. */
export function manifest(contract, text) {
  const found = JSON.parse(text);
  const all = Object.values(contract.settings);
  found.capabilities = {
    untrustedWorkspaces: {
      supported: "limited",
      description: "In a folder that is not trusted, runs can be looked at; nothing is started or changed.",
      restrictedConfigurations: all.filter(executes).map((each) => each.key),
    },
    virtualWorkspaces: {
      supported: false,
      description: "Sextet needs a git repository on the disk of the machine that it runs on.",
    },
  };
  found.contributes.configuration = sections(all);
  return `${JSON.stringify(found, null, 2)}\n`;
}

/** Whether a repository that sets this could have something executed. */
function executes(setting) {
  return setting.trust !== "" || setting.scope === "machine";
}

function sections(all) {
  const named = SECTIONS.map(([title]) => ({ title, properties: {} }));
  all.forEach((setting, order) => {
    const section = named[SECTIONS.findIndex(([, pattern]) => pattern.test(setting.key))];
    section.properties[setting.key] = property(setting, order);
  });
  return named.filter((section) => Object.keys(section.properties).length > 0);
}

function property(setting, order) {
  return {
    ...setting.valueSchema,
    default: setting.default,
    scope: setting.scope,
    order,
    markdownDescription: described(setting),
  };
}

function described(setting) {
  const words = [setting.doc];
  if (setting.live) words.push("Runs that are at work follow a change.");
  else if (setting.restart) words.push("A change restarts the server.");
  if (setting.trust !== "")
    words.push(`Needs your trust ${setting.trust === "any value" ? "with any value" : setting.trust}.`);
  return words.join(" ");
}
