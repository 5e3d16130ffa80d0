# Read by ports that make builds: make USER_C_MODULES=<the folder above this one>
SRC_USERMOD_C += $(USERMOD_DIR)/module.c
CFLAGS_USERMOD += -I$(USERMOD_DIR)
