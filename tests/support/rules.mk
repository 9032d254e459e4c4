# SPDX-License-Identifier: GPL-2.0-only
# How test programs are compiled: static, as a guest has no libraries.  The
# Makefile that includes this has OUT, a directory for what is compiled, and may
# have INCLUDES.  $(call objects,NAME...) names the objects of sources.
CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror
CPPFLAGS = -I../../lab -I../support $(INCLUDES) -MMD -MP
LDFLAGS := -static -pthread

vpath %.c ../support

# A run that copies the program meanwhile gets the old one or the new one, whole.
link = $(CC) $(LDFLAGS) -o $@.new $^ && mv $@.new $@

objects = $(patsubst %,$(OUT)/%.o,$(1))

$(OUT)/%.o: %.c | $(OUT)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# A source that has moved: objects made before name its old place.
../%.c: ;

$(OUT):
	mkdir -p $@

-include $(wildcard $(OUT)/*.d)
