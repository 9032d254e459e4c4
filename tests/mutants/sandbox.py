# SPDX-License-Identifier: GPL-2.0-only
"""A command in namespaces of its own, which can write to its copy of the tree alone."""
import os
import resource
import selectors
import signal
import subprocess
import time

NOBODY = 65534
PROCESSES = 1000
TMP_BYTES = 1 << 30
DISK_BYTES = 4 << 30


def nobody():
    """The words that drop the rights of root."""
    if os.geteuid():
        return []
    return ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups',
            '--no-new-privs']


def own(tree):
    """Make all of it the sandbox's."""
    if not os.geteuid():
        subprocess.run(['chown', '-R', f'{NOBODY}:{NOBODY}', tree], check=True)


def words(tree, read_only):
    binds = [word for source, target in read_only for word in ('--ro-bind', source, target)]
    return [*nobody(), 'bwrap', '--unshare-all', '--die-with-parent', '--new-session',
            '--uid', '1000', '--gid', '1000', '--hostname', 'sandbox',
            '--ro-bind', '/usr', '/usr', '--ro-bind', '/etc', '/etc',
            '--ro-bind', '/var/lib/dpkg', '/var/lib/dpkg',
            '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/sbin', '/sbin',
            '--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64',
            '--proc', '/proc', '--dev', '/dev', '--size', str(TMP_BYTES), '--tmpfs', '/tmp',
            *binds, '--ro-bind', tree, '/tree', '--bind', f'{tree}/build', '/tree/build',
            '--remount-ro', '/', '--chdir', '/tree', '--clearenv',
            '--setenv', 'PATH', '/usr/sbin:/usr/bin', '--setenv', 'HOME', '/tmp',
            '--setenv', 'MFR_CACHE', '/cache', '--setenv', 'LANG', 'C.UTF-8']


def limit():
    for what, value in ((resource.RLIMIT_NPROC, PROCESSES), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        value = value if hard < 0 else min(value, hard)
        resource.setrlimit(what, (value, value))
    with open('/proc/self/oom_score_adj', 'w', encoding='ascii') as file:
        file.write('1000')


def memory_of(pid):
    """Bytes in use by a process and all that descend from it."""
    parents, pages = {}, {}
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{name}/stat', encoding='latin-1') as file:
                fields = file.read().rpartition(')')[2].split()
        except OSError:
            continue                    # it has ended
        parents.setdefault(int(fields[1]), []).append(int(name))
        pages[int(name)] = int(fields[21])
    total, left = 0, [pid]
    while left:
        at = left.pop()
        total += pages.get(at, 0)
        left += parents.get(at, [])
    return total * resource.getpagesize()


def disk_of(directory):
    """Bytes on disk below a directory."""
    total = 0
    for at, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(os.path.join(at, name)).st_blocks * 512
            except OSError:
                pass                    # it was removed
    return total


class Sandbox:
    """Iterate over the lines that the command prints; then see .ended."""

    def __init__(self, tree, command, read_only=(), seconds=600, memory=4 << 30):
        self.tree, self.seconds, self.memory = tree, seconds, memory
        self.ended = None               # an exit status, or why it was stopped
        self.process = subprocess.Popen(
            words(tree, read_only) + ['--', *command], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=limit,
            start_new_session=True)

    def stop(self, why='stopped'):
        """All processes in there end with the first of its namespace."""
        self.ended = self.ended or why
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def over_limit(self, deadline):
        if time.monotonic() > deadline:
            return 'timeout'
        if memory_of(self.process.pid) > self.memory:
            return 'memory'
        return 'disk' if disk_of(f'{self.tree}/build') > DISK_BYTES else None

    def __iter__(self):
        pipe, text = self.process.stdout.fileno(), b''
        deadline = time.monotonic() + self.seconds
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while self.ended is None:
                if selector.select(0.5):
                    more = os.read(pipe, 65536)
                    if not more:
                        break
                    *lines, text = (text + more).split(b'\n')
                    yield from (line.decode(errors='replace') for line in lines)
                why = self.over_limit(deadline)
                if why:
                    self.stop(why)
        self.process.stdout.close()
        status = self.process.wait()
        self.ended = status if self.ended is None else self.ended
