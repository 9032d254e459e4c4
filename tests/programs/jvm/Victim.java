// SPDX-License-Identifier: GPL-2.0-only

/** Fills an array, prints "ready", and reads all of it once told to. */
public final class Victim {
	/** No other part of the heap has this text, not even this class. */
	private static byte letter(int i) {
		return (byte)('A' + i * 7 % 26);
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
