dnl AT_CHECK_DEMANGLE: libiberty demangles C++ and Rust names.
AC_DEFUN([AT_CHECK_DEMANGLE], [
  AC_CHECK_HEADER([libiberty/demangle.h], [],
    [AC_MSG_ERROR([libiberty is missing: on Debian 'apt-get install libiberty-dev'])])
  AC_CHECK_LIB([iberty], [cplus_demangle], [DEMANGLE_LIBS=-liberty],
    [AC_MSG_ERROR([libiberty is missing: on Debian 'apt-get install libiberty-dev'])])
  AC_SUBST([DEMANGLE_LIBS])
])
