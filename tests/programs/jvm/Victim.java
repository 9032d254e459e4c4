// SPDX-License-Identifier: GPL-2.0-only

/** Fills an array, prints "ready", and reads all of it once told to. */
public final class Victim {
	private static final int MIDDLE = 4 << 20;

	/** In the middle there is a text that no other part of the heap has. */
	private static byte letter(int i) {
		if (i >= MIDDLE && i < MIDDLE + 64)
			return (byte)('Z' - (i - MIDDLE) * 7 % 26);
		return (byte)('a' + i % 26);
	}

	public static void main(String[] args) throws java.io.IOException {
		byte[] data = new byte[8 << 20];
		long sum = 0;

		for (int i = 0; i < data.length; i++)
			data[i] = letter(i);
		System.out.println("ready");
		System.in.read();
		for (byte b : data)
			sum += b;
		System.out.println("sum " + sum);
	}
}
