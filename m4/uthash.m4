dnl AT_CHECK_UTHASH: the hash tables of analysis/ (headers only).
AC_DEFUN([AT_CHECK_UTHASH], [
  AC_CHECK_HEADER([uthash.h], [],
    [AC_MSG_ERROR([uthash is missing: on Debian 'apt-get install uthash-dev'])])
])
