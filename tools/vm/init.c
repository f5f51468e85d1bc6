// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of the test guest: mount what tests expect, run one command, report.
 *
 * The verdict goes out over its own channel, line by line:
 *   up UPTIME | cpus ONLINE | detector NAME (is off) |
 *   taint BEFORE AFTER | out STATUS | exit STATUS
 * The host takes a guest that ends without an "exit" line for dead.
 *
 * /vm.conf holds KEY=VALUE lines, /vm.cmd the command as NUL-ended words.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif

#define MAX_WORDS 256

static char conf[4096];
static int verdict_port;
static int verdict_fd = -1;

static size_t slurp(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && len < size - 1 &&
	       (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += n;
	if (fd >= 0)
		close(fd);
	buf[len] = '\0';
	return len;
}

static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ok = fd >= 0 && write(fd, text, strlen(text)) >= 0;

	if (fd >= 0)
		close(fd);
	return ok ? 0 : -1;
}

static const char *setting(const char *key)
{
	static char value[256];
	size_t len = strlen(key);
	const char *line = conf;

	while (line) {
		if (!strncmp(line, key, len) && line[len] == '=') {
			line += len + 1;
			len = strcspn(line, "\n");
			snprintf(value, sizeof(value), "%.*s", (int)len, line);
			return value;
		}
		line = strchr(line, '\n');
		line += !!line;
	}
	return "";
}

static void mark(const char *format, ...)
{
	char line[256] = "shardmap-vm: ";
	size_t len = strlen(line);
	va_list args;

	va_start(args, format);
	vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	/* Without a newline the kernel holds the line back for more. */
	strcat(line, "\n");
	put("/dev/kmsg", line);
}

/* An x86 I/O port needs no driver, so it works on every kernel. */
static void open_port(const char *where)
{
#ifdef __x86_64__
	verdict_port = strtol(where, NULL, 0);
	if (iopl(3))
		verdict_port = 0;
#else
	(void)where;
#endif
}

static void put_port(char c)
{
#ifdef __x86_64__
	outb(c, verdict_port);
#else
	(void)c;
#endif
}

static void verdict(const char *format, ...)
{
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (verdict_port) {
		for (const char *c = line; *c; c++)
			put_port(*c);
	} else if (write(verdict_fd, line, strlen(line)) < 0) {
		mark("cannot write the verdict: %m");
	}
}

static int open_raw_tty(const char *path)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios t;

	if (fd >= 0 && !tcgetattr(fd, &t)) {
		cfmakeraw(&t);
		t.c_cflag |= CLOCAL;
		tcsetattr(fd, TCSANOW, &t);
	}
	return fd;
}

static void open_verdict(void)
{
	const char *where = setting("verdict");

	if (where[0] == '/')
		verdict_fd = open_raw_tty(where);
	else
		open_port(where);
}

static void mount_all(void)
{
	static const struct {
		const char *type, *where, *data;
	} table[] = {
		{ "proc", "/proc", NULL },
		{ "sysfs", "/sys", NULL },
		{ "devtmpfs", "/dev", NULL },
		{ "devpts", "/dev/pts", NULL },
		{ "tmpfs", "/dev/shm", "mode=1777" },
		{ "tmpfs", "/tmp", "mode=1777" },
		{ "tmpfs", "/run", "mode=755" },
		{ "debugfs", "/sys/kernel/debug", NULL },
		{ "tracefs", "/sys/kernel/tracing", NULL },
		{ "cgroup2", "/sys/fs/cgroup", NULL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		mkdir(table[i].where, 0755);
		mount(table[i].type, table[i].where, table[i].type, 0,
		      table[i].data);
	}
	symlink("/proc/self/fd", "/dev/fd");
}

static void loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags |= IFF_UP;
	ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
}

/* Drivers that some kernels have only as modules, e.g. that of the out disk. */
static void load_drivers(void)
{
	char list[2048], *next = list, *path;

	slurp("/vm.drivers", list, sizeof(list));
	while ((path = strsep(&next, "\n"))) {
		int fd = *path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

		if (fd < 0)
			continue;
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			mark("cannot load %s: %m", path);
		close(fd);
	}
}

static long number_in(const char *path)
{
	char text[64];

	slurp(path, text, sizeof(text));
	return strtol(text, NULL, 10);
}

static int status_of(int wstatus)
{
	return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) :
				      WEXITSTATUS(wstatus);
}

/* Wait for one child; as PID 1, reap every orphan on the way. */
static int wait_for(pid_t pid)
{
	int wstatus;

	for (;;) {
		pid_t got = wait(&wstatus);

		if (got == pid)
			return status_of(wstatus);
		if (got < 0 && errno == ECHILD)
			return 255;
	}
}

static pid_t spawn(char *const argv[], const char *tty, int interactive)
{
	static char *const env[] = {
		"PATH=/bin:/sbin:/usr/bin:/usr/sbin",
		"HOME=/root",
		"TERM=linux",
		"USER=root",
		"PS1=guest:\\w# ",
		NULL,
	};
	int fd, null;
	pid_t pid = fork();

	if (pid)
		return pid;
	setsid();
	fd = interactive ? open(tty, O_RDWR) : open_raw_tty(tty);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		fd = null;
	if (interactive)
		ioctl(fd, TIOCSCTTY, 1);
	dup2(interactive ? fd : null, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	execvpe(argv[0], argv, env);
	dprintf(2, "init: cannot run %s: %m\n", argv[0]);
	_exit(127);
}

static int run_command(void)
{
	static char words[1 << 16];
	char *argv[MAX_WORDS + 1] = { NULL };
	size_t len = slurp("/vm.cmd", words, sizeof(words));
	int interactive = *setting("shell") == '1';
	char tty[64];
	int n = 0, status, fd;

	for (char *w = words; w < words + len && n < MAX_WORDS;
	     w += strlen(w) + 1)
		argv[n++] = w;
	snprintf(tty, sizeof(tty), "%s", setting("tty"));
	status = wait_for(spawn(argv, tty, interactive));

	/* What the command left behind would hold modules and memory. */
	kill(-1, SIGKILL);
	while (wait(NULL) > 0)
		;
	fd = open(tty, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0) {
		tcdrain(fd);
		close(fd);
	}
	return status;
}

/*
 * A detector that is built in but off would make every log look clean: lockdep
 * switches itself off at its first report, KCSAN is off until the boot is over.
 */
static int detectors_on(void)
{
	/*
	 * Races of the 6.12 kernel's own are not reported: any sleep may show the
	 * first, and a loaded machine the others.
	 */
	static const char *const own_races[] = {
		"!do_nanosleep",
		"!hrtimer_active",
		"!process_scheduled_works",
		"!assign_work",
	};
	static char text[1 << 16];
	const char *found;

	for (size_t i = 0; i < sizeof(own_races) / sizeof(own_races[0]); i++)
		put("/sys/kernel/debug/kcsan", own_races[i]);
	put("/sys/kernel/debug/kcsan", "on");
	if (slurp("/sys/kernel/debug/kcsan", text, sizeof(text)) &&
	    !strstr(text, "enabled: 1")) {
		verdict("detector KCSAN\n");
		return 0;
	}
	slurp("/proc/lockdep_stats", text, sizeof(text));
	found = strstr(text, "debug_locks:");
	if (found && strtol(found + strlen("debug_locks:"), NULL, 10) != 1) {
		verdict("detector lockdep\n");
		return 0;
	}
	return 1;
}

/*
 * The first scan only notes what looks lost, the second one reports it, and
 * neither reports what is younger than five seconds.
 */
static void scan_for_leaks(void)
{
	static const char file[] = "/sys/kernel/debug/kmemleak";
	static char report[1 << 16];
	char *next = report, *line;
	struct timespec ready;

	clock_gettime(CLOCK_MONOTONIC, &ready);
	ready.tv_sec += 6;
	if (put(file, "scan"))
		return;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ready, NULL);
	put(file, "scan");
	slurp(file, report, sizeof(report));
	while ((line = strsep(&next, "\n")))
		if (*line)
			mark("%s", line);
}

/* A bare tar stream on the disk: needs no file system driver. */
static void send_out(void)
{
	char disk[64];
	char *const tar[] = { "/bin/tar", "-c",	  "-f", disk,
			      "-C",	  "/out", ".",	NULL };
	int status = 255, fd;

	snprintf(disk, sizeof(disk), "%s", setting("out"));
	if (rmdir("/out") == 0)
		return;
	/* Without the driver, tar would write a plain file of that name. */
	fd = open(disk, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		status = wait_for(spawn(tar, "/dev/console", 0));
	if (fd >= 0 && fsync(fd))
		status = 255;
	close(fd);
	verdict("out %d\n", status);
}

int main(void)
{
	long taint, wanted, online;
	char uptime[64];
	int status;

	mount_all();
	slurp("/vm.conf", conf, sizeof(conf));
	open_verdict();
	slurp("/proc/uptime", uptime, sizeof(uptime));
	verdict("up %.*s\n", (int)strcspn(uptime, " "), uptime);
	load_drivers();
	loopback_up();
	sethostname("guest", 5);

	wanted = strtol(setting("cpus"), NULL, 10);
	online = sysconf(_SC_NPROCESSORS_ONLN);
	verdict("cpus %ld\n", online);
	if (online != wanted)
		goto off;

	/* Not from the command line: a warning at boot is not ours to judge. */
	put("/proc/sys/kernel/panic_on_warn", setting("panic_on_warn"));
	put("/sys/kernel/debug/kmemleak", "clear");
	taint = number_in("/proc/sys/kernel/tainted");
	if (!detectors_on())
		goto off;
	mark("command starts");
	status = run_command();
	if (*setting("kmemleak") == '1')
		scan_for_leaks();
	mark("command ends, status %d", status);
	send_out();
	verdict("taint %ld %ld\n", taint,
		number_in("/proc/sys/kernel/tainted"));
	verdict("exit %d\n", status);
off:
	sync();
	/* QEMU runs with -no-reboot; power off would need ACPI on some kernels. */
	reboot(*setting("poweroff") == '1' ? RB_POWER_OFF : RB_AUTOBOOT);
	for (;;)
		pause();
}
