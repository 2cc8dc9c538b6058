/**
 * What restoring an archive would change: the configuration as a difference, and what becomes of each file.
 *
 * @module
 */
import type { PlannedFile } from "../../../certs/backup.ts";
import type { LoadedFacts } from "../../../control/backup_commands.ts";
import type { CommandAnswer } from "../../api/bridge.ts";
import { NoticeBox, type View } from "../frame.tsx";
import { Badge, Card, type Column, Difference, Facts, Table, type Tone } from "../parts.tsx";
import type { Words } from "../words.ts";

// deno-fmt-ignore
const tones: Readonly<Record<PlannedFile["deed"], Tone>> = {
  same: "", added: "accent", replaced: "accent", kept: "warn", missing: "warn",
};

/** See the module. */
export function Plan(
  { words, loaded: { items: [facts], warnings } }: { words: Words; loaded: CommandAnswer<LoadedFacts> },
): View {
  const { made, hostname, difference, files } = facts;
  const columns: Column<PlannedFile>[] = [
    { title: words("backup.path"), names: true, cell: ({ path }) => <code class="break">{path}</code> },
    {
      title: words("backup.deed"),
      cell: ({ deed, why }) => (
        <>
          <Badge tone={tones[deed]}>{words(`backup.deed.${deed}`)}</Badge>
          {why !== undefined && <div class="small muted break">{why}</div>}
        </>
      ),
    },
    { title: words("backup.was"), cell: ({ was }) => <span class="break small">{was}</span> },
    { title: words("backup.will"), cell: ({ will }) => <span class="break small">{will}</span> },
  ];
  return (
    <>
      {warnings.length > 0 && <NoticeBox notice={{ kind: "warn", text: words("backup.otherwise"), lines: warnings }} />}
      <Card title={words("backup.would")}>
        <Facts facts={[[words("backup.made_at"), words.time(made)], [words("backup.made_on"), hostname]]} />
        {difference === ""
          ? <p class="muted">{words("backup.same")}</p>
          : <Difference text={difference} label={words("backup.would")} />}
      </Card>
      {files.length > 0 && (
        <Card title={words("backup.files")} flush>
          <Table columns={columns} rows={files} caption={words("backup.files")} />
        </Card>
      )}
    </>
  );
}
