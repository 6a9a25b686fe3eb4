/* SPDX-License-Identifier: Apache-2.0
 *
 * process.c: see process.h. Both read /proc/self, which costs little enough to be done in each turn of a loop.
 */
#include "process.h"

#include <dirent.h>
#include <sys/stat.h>

/* Each thread is a folder there, and each folder links to the one above it. */
size_t process_num_threads(void)
{
    struct stat tasks;
    return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink >= 2 ? (size_t)tasks.st_nlink - 2 : 0;
}

size_t process_num_descriptors(void)
{
    size_t num = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) return 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) num += entry->d_name[0] != '.';
    (void)closedir(folder);
    return num - 1; /* that of the folder itself */
}
