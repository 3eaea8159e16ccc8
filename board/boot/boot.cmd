# U-Boot's part of the updates: boots the slot that slots.env calls `primary`, or the one on `trial`, and that just once:
# the trial is crossed out before it begins, so whatever becomes of it, the next start is the primary's again.
# slots.env is one sector, written over in place: cut off at any moment, it is the old one or the new one.
setenv primary A
setenv trial
setenv ram 0x0
if test "${devtype}" = virtio; then setenv ram 0x4; fi
setenv scratch ${ram}4000000
setenv ramdisk ${ram}8800000
setenv tree ${ram}8700000
setenv kernel_comp_addr_r ${ram}a000000
setenv kernel_comp_size 4000000
setenv card ${devtype} ${devnum}:${distro_bootpart}

if load ${card} ${scratch} slots.env; then env import -t ${scratch} ${filesize} primary trial; fi
setenv other A
if test "${primary}" != B; then
	setenv primary A
	setenv other B
fi
setenv trying ${trial}
if test -n "${trial}"; then
	setenv trial
	env export -t -s 200 ${scratch} primary trial
	fatwrite ${card} ${scratch} slots.env 200
fi

# What the GPU firmware put together (cmdline.txt, the board's own words) comes first. Its device tree may lie where the kernel unpacks itself.
setenv words
fdt addr ${fdt_addr}
fdt get value words /chosen bootargs
fdt move ${fdt_addr} ${tree} 100000

# Whatever cannot be loaded gives way to the next.
for slot in ${trying} ${primary} ${other}; do
	setenv part 02
	if test "${slot}" = B; then setenv part 03; fi
	setenv note
	if test "${slot}" = "${trying}"; then setenv note pastcam.trial systemd.wants=pastcam-good.service; fi
	setenv bootargs "${words} root=PARTUUID=70617374-${part} rootfstype=squashfs ro rootwait systemd.volatile=state panic=10 rauc.slot=${slot} ${note}"
	load ${card} ${scratch} slot-${slot}/vmlinuz && load ${card} ${ramdisk} slot-${slot}/initrd.img && @BOOT@ ${scratch} ${ramdisk}:${filesize} ${tree}
	echo "slot ${slot} does not start"
	setenv trying
done
reset
