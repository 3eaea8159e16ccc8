#include "socket_file.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SOCKET_BACKLOG = 128, SOCKET_MODE = 0660 };

static const char group_name[] = "pastcam";

/* The lock file stays: removing it would let two processes hold locks on two files of one name. */
static int take_lock(struct socket_file *file, struct error *error)
{
	char path[sizeof file->path + 8];
	snprintf(path, sizeof path, "%s.lock", file->path);
	file->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file->lock < 0)
		return error_set_errno(
		    error, -errno, "cannot make %s: network.socket_dir must be a folder that this process may write to", path);
	if (flock(file->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return error_set_errno(error, -errno, "cannot lock %s", path);
	return error_set(error, -EADDRINUSE,
	                 "another pastcam serves %s already: give this one a camera's name of its own, or another "
	                 "network.socket_dir",
	                 file->path);
}

/* A file that is no socket is somebody's own and stays. */
static int remove_stale(const char *path, struct error *error)
{
	struct stat found;
	if (lstat(path, &found) < 0)
		return errno == ENOENT ? 0 : error_set_errno(error, -errno, "cannot look at %s", path);
	if (!S_ISSOCK(found.st_mode))
		return error_set(error, -EEXIST, "%s is in the way and is no socket: remove it", path);
	return unlink(path) == 0 ? 0 : error_set_errno(error, -errno, "cannot replace %s", path);
}

static int listen_at(struct socket_file *file, struct error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	memcpy(address.sun_path, file->path, strlen(file->path) + 1);
	file->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (file->fd < 0)
		return error_set_errno(error, -errno, "cannot make a socket");
	/* Linux gives the file the socket's own mode: nobody else may come in before its group is right. */
	if (fchmod(file->fd, S_IRUSR | S_IWUSR) < 0 ||
	    bind(file->fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return error_set_errno(error, -errno, "cannot make the socket %s", file->path);
	/* A process that is not in the group cannot give the socket to it: then it stays its own group's. */
	const struct group *group = getgrnam(group_name);
	if (group)
		(void)!chown(file->path, (uid_t)-1, group->gr_gid);
	if (chmod(file->path, SOCKET_MODE) < 0 || listen(file->fd, SOCKET_BACKLOG) < 0)
		return error_set_errno(error, -errno, "cannot listen on %s", file->path);
	return 0;
}

int socket_file_open(struct socket_file *file, const char *path, struct error *error)
{
	*file = SOCKET_FILE_NULL;
	if (strlen(path) >= sizeof file->path)
		return error_set(error, -ENAMETOOLONG,
		                 "the socket's path %.60s… is longer than %zu bytes: choose a shorter network.socket_dir", path,
		                 sizeof file->path - 1);
	memcpy(file->path, path, strlen(path) + 1);
	int result = take_lock(file, error);
	if (result == 0)
		result = remove_stale(path, error);
	if (result == 0)
		result = listen_at(file, error);
	if (result < 0)
		socket_file_close(file);
	return result;
}

void socket_file_close(struct socket_file *file)
{
	if (file->fd >= 0) {
		unlink(file->path);
		close(file->fd);
	}
	if (file->lock >= 0)
		close(file->lock);
	*file = SOCKET_FILE_NULL;
}
