dnl AT_CHECK_ELFUTILS: libelf and libdw read ELF files and DWARF; liblzma unpacks .gnu_debugdata.
AC_DEFUN([AT_CHECK_ELFUTILS], [
  PKG_CHECK_MODULES([ELF], [libelf], [],
    [AC_MSG_ERROR([libelf is missing: on Debian 'apt-get install libelf-dev'])])
  PKG_CHECK_MODULES([DW], [libdw], [],
    [AC_MSG_ERROR([libdw is missing: on Debian 'apt-get install libdw-dev'])])
  PKG_CHECK_MODULES([LZMA], [liblzma], [],
    [AC_MSG_ERROR([liblzma is missing: on Debian 'apt-get install liblzma-dev'])])
])
