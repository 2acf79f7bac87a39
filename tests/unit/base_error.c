/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>

#include "check.h"

int main(void)
{
	struct error err = { 0 };
	char buf[sizeof(err)], big[2000];

	errno = ENOENT;
	CHECK_INT(error_sys(&err, "open %s", "/x"), -1);
	CHECK_STR(err.text, "open /x: no such file or directory");
	CHECK_INT(err.errnum, ENOENT);
	CHECK_INT(err.kind, ERR_SYSTEM);
	CHECK_STR(error_format(&err, buf, sizeof(buf)), "open /x: no such file or directory");

	CHECK_INT(error_in(&err, "mount %d", 3), -1);
	CHECK_STR(err.text, "mount 3: open /x: no such file or directory");
	error_at(&err, "/mounts/%d", 3);
	error_at(&err, "/not/this");
	CHECK_STR(err.where, "/mounts/3");
	CHECK_STR(error_format(&err, buf, sizeof(buf)),
		  "config.json /mounts/3: mount 3: open /x: no such file or directory");

	error_config(&err, "/process/cwd", "must be %s", "absolute");
	CHECK_INT(err.errnum, 0);
	CHECK_INT(err.kind, ERR_CONFIG);
	CHECK_STR(error_format(&err, buf, sizeof(buf)),
		  "config.json /process/cwd: must be absolute");

	err.line = 12;
	err.column = 9;
	CHECK_STR(error_format(&err, buf, sizeof(buf)),
		  "config.json:12:9 /process/cwd: must be absolute");
	err.where[0] = '\0';
	snprintf(err.file, sizeof(err.file), "process.json");
	CHECK_STR(error_format(&err, buf, sizeof(buf)), "process.json:12:9: must be absolute");

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	error_set(&err, ERR_STATE, "%s", big);
	CHECK_INT(err.line, 0);
	CHECK_STR(err.file, "");
	CHECK_INT(strlen(err.text), sizeof(err.text) - 1);
	error_in(&err, "front");
	CHECK_INT(strlen(err.text), sizeof(err.text) - 1);
	CHECK(strncmp(err.text, "front: xxx", 10) == 0);

	CHECK_STR(error_text(EACCES), "permission denied");
	CHECK_STR(error_text(EIO), "input/output error");
	CHECK_STR(error_text(12345), "errno 12345");
	return check_done();
}
