# U-Boot's part of the updates: boots the slot that slots.env calls `primary`, or the one on `trial`, and that just once:
# the trial is crossed out before it begins, so whatever becomes of it, the next start is the primary's again.
setenv primary A
setenv trial
setenv ram 0x0
if test "${devtype}" = virtio; then setenv ram 0x4; fi
setenv scratch ${ram}4000000
setenv card ${devtype} ${devnum}:${distro_bootpart}

if load ${card} ${scratch} slots.env; then env import -t ${scratch} ${filesize} primary trial; fi
setenv slot ${primary}
setenv note
if test -n "${trial}"; then
	setenv slot ${trial}
	setenv note pastcam.trial
	setenv trial
	env export -t ${scratch} primary trial
	fatwrite ${card} ${scratch} slots.env ${filesize}
fi
setenv part 02
if test "${slot}" = B; then setenv part 03; fi

# What the GPU firmware put together (cmdline.txt, the board's own words) comes first.
setenv bootargs
fdt addr ${fdt_addr}
fdt get value bootargs /chosen bootargs
setenv bootargs "${bootargs} root=PARTUUID=70617374-${part} rootfstype=squashfs ro rootwait systemd.volatile=state panic=10 rauc.slot=${slot} ${note}"

setenv kernel_comp_addr_r ${ram}8000000
setenv kernel_comp_size 4000000
load ${card} ${scratch} slot-${slot}/vmlinuz && load ${card} ${ram}c000000 slot-${slot}/initrd.img && @BOOT@ ${scratch} ${ram}c000000:${filesize} ${fdt_addr}
echo "slot ${slot} does not start"
reset
