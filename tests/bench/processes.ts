/**
 * CPU and memory of the processes of one server, short-lived children included.
 *
 * @module
 */

/** Clock ticks a second in /proc: the same on every Linux that Deno runs on. */
const ticks = 100;
const cgroups = "/sys/fs/cgroup/cpuacct";

/** Octets; `processes`: how many were counted. */
export interface Memory {
  rss: number;
  /** Shared pages divided among those who share them. */
  pss: number;
  /** Pages that nobody shares. */
  own: number;
  processes: number;
}

/** The processes of a server. */
export interface Group extends Disposable {
  /** The shell line that makes a starting process, and so all its children, part of the group. */
  readonly joinCommand: string;
  pids(): number[];
  /** Seconds of CPU, children that ended included. */
  cpu(): number;
}

let groups = 0;

/** A group of its own for a server that we start: a cgroup, which no child can leave unseen. */
export function newGroup(): Group {
  const folder = `${cgroups}/postern_bench_${Deno.pid}_${groups++}`;
  try {
    Deno.mkdirSync(folder);
  } catch (cause) {
    throw new Error(`Cannot make ${folder}: CPU time is counted by a cpuacct control group, as root`, { cause });
  }
  return {
    joinCommand: `echo $$ > ${folder}/cgroup.procs`,
    pids: () => read(`${folder}/cgroup.procs`).split("\n").filter((line) => line !== "").map(Number),
    cpu: () => Number(read(`${folder}/cpuacct.usage`)) / 1e9,
    [Symbol.dispose]: () => Deno.removeSync(folder),
  };
}

/** Memory of `group` now. With `pss`, the exact and slower figures too. */
export function memoryOf(group: Group, { pss }: { pss: boolean }): Memory {
  const memory: Memory = { rss: 0, pss: 0, own: 0, processes: 0 };
  for (const pid of group.pids()) {
    try {
      memory.rss += Number(read(`/proc/${pid}/statm`).split(" ")[1]) * 4096;
      memory.processes++;
      if (!pss) continue;
      const rollup = read(`/proc/${pid}/smaps_rollup`);
      const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(rollup)?.[1] ?? 0) * 1024;
      memory.pss += kib("Pss");
      memory.own += kib("Private_Clean") + kib("Private_Dirty");
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown; // the process ended meanwhile
    }
  }
  return memory;
}

/** Seconds of CPU that all processes of the machine used so far. */
export function machineCpu(): number {
  const [user, nice, system, , , irq, softIrq] = read("/proc/stat").split("\n")[0].split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softIrq) / ticks;
}

/** Seconds of CPU that this process used so far. */
export function ownCpu(): number {
  const stat = read("/proc/self/stat");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

function read(path: string): string {
  return Deno.readTextFileSync(path);
}
