// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wordcount.h"

#define READ_SIZE (1 << 20)

/* A lone regular file is mapped: its pages are read by whoever counts them. */
static bool map_file(struct input *input, int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return false;
	input->text = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (input->text == MAP_FAILED) {
		input->text = NULL;
		return false;
	}
	input->len = st.st_size;
	input->mapped = true;
	return true;
}

static int append(struct input *input, size_t *size, int fd)
{
	for (;;) {
		ssize_t n;

		if (*size - input->len < READ_SIZE) {
			size_t more = 2 * *size + READ_SIZE;
			char *text = realloc(input->text, more);

			if (!text)
				return -ENOMEM;
			input->text = text;
			*size = more;
		}
		n = read(fd, input->text + input->len, READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : 0;
		input->len += n;
	}
}

int input_read(struct input *input, char **files)
{
	size_t size = 0;

	*input = (struct input){};
	for (char **file = files; *file; file++) {
		bool standard = !strcmp(*file, "-");
		int fd = standard ? STDIN_FILENO :
				    open(*file, O_RDONLY | O_CLOEXEC);
		bool alone = file == files && !file[1];
		int err = 0;

		if (fd < 0)
			err = -errno;
		else if (!alone || !map_file(input, fd))
			err = append(input, &size, fd);
		if (fd >= 0 && !standard)
			close(fd);
		if (err) {
			tool_error(*file, err);
			input_free(input);
			return err;
		}
	}
	return 0;
}

void input_free(struct input *input)
{
	if (input->mapped)
		munmap(input->text, input->len);
	else
		free(input->text);
}
